/* Tests of {config}: names, values, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "options/host_list.h"
#include "options/options_row.h"
#include "report/saved/saved_value.h"
#include "says.h"
#include "serve/config.h"

static const struct config_limits limits = {10000, HOUR, NULL, NULL},
                                  of_hosts = {10000, HOUR, "h1,h2,user@h3", "ssh {host}"};

/* Reads a configuration to the end; "" or the refusal. */
static const char *refusal_within(const struct config_limits *within, const char *text) {
    static char error[OPTIONS_ERROR_MAX];
    struct saved_value_fault fault;
    struct words words = {0};
    struct config_plan config = {.array = NULL};
    struct refuse_buffer to = {error, sizeof error};
    struct json_t *object = saved_value_parse(text, strlen(text), &fault);
    assert_non_null(object);
    error[0] = '\0';
    bool good = config_words(&words, object, within, to) &&
                config_read(&config, COMMAND_RUN, &words, within, to);
    assert_true(good == (error[0] == '\0'));
    config_free(&config);
    words_free(&words);
    saved_value_free(object);
    return error;
}

static const char *refusal(const char *text) {
    return refusal_within(&limits, text);
}

/* The command line of a configuration that is accepted. */
static void assert_words(const struct config_limits *within, const char *text,
                         const char *const *expected, size_t count) {
    struct saved_value_fault fault;
    struct words words = {0};
    char error[256] = "";
    struct json_t *object = saved_value_parse(text, strlen(text), &fault);
    bool good = config_words(&words, object, within, (struct refuse_buffer){error, sizeof error});
    assert_string_equal(error, "");
    assert_true(good);
    saved_value_free(object);
    char **array = words_array(&words, NULL);
    assert_int_equal(words.count, count);
    for (size_t i = 0; i < words.count; i++)
        assert_string_equal(array[i], expected[i]);
    free(array);
    words_free(&words);
}

static void texts_numbers_flags_and_lists_become_a_command_line(void **state) {
    (void)state;
    static const char text[] =
        "{\"url\": \"http://127.0.0.1:8080/?a=b\", \"connections\": 1000, \"ramp\": \"10/10ms\", "
        "\"abort-on-fail\": true, \"no-check\": false, \"header\": [\"X-A: 1\", \"X-B: 2\"], "
        "\"require\": [\"lost<=0\"], \"timeout\": 2.5}";
    static const char *const expected[] = {
        "--connections=1000",        "--ramp=10/10ms",    "--abort-on-fail", "--header=X-A: 1",
        "--header=X-B: 2",           "--require=lost<=0", "--timeout=2.5",   "--",
        "http://127.0.0.1:8080/?a=b"};
    assert_words(&limits, text, expected, sizeof expected / sizeof *expected);
    assert_string_equal(refusal(text), "");
}

static void what_names_a_file_or_a_command_of_this_machine_is_refused(void **state) {
    (void)state;
    static const char *const names[] = {"json",    "html",   "timeline", "server-log", "server-pid",
                                        "exec-at", "body",   "urls",     "config",     "cert",
                                        "key",     "cacert", "metrics",  "hosts",      "remote"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"url\": \"127.0.0.1\", \"%s\": \"1\"}", names[i]);
        assert_says(refusal(text), "refused here");
    }
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"header\": \"@/etc/passwd\"}"), "refused here");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"header\": [\"A: b\", \"@/etc/passwd\"]}"),
                "refused here");
}

/* --- hosts --- */

static void hosts_are_those_of_the_server_and_its_remote_is_added(void **state) {
    (void)state;
    static const char *const with_remote[] = {"--hosts=h1,user@h3", "--remote=ssh {host}",
                                              "--on-host-loss=stop", "--", "127.0.0.1"},
                             *const alone[] = {"--hosts=h1", "--", "127.0.0.1"};
    static const struct config_limits by_ssh = {10000, HOUR, "h1", NULL};
    assert_words(&of_hosts,
                 "{\"url\": \"127.0.0.1\", \"hosts\": \"h1,user@h3\", \"on-host-loss\": \"stop\"}",
                 with_remote, sizeof with_remote / sizeof *with_remote);
    assert_words(&by_ssh, "{\"url\": \"127.0.0.1\", \"hosts\": \"h1\"}", alone,
                 sizeof alone / sizeof *alone);
    assert_string_equal(refusal_within(&of_hosts, "{\"url\": \"127.0.0.1\"}"), "");
    assert_string_equal(refusal_within(&of_hosts, "{\"url\": \"127.0.0.1\", \"hosts\": \"h1,h2\"}"),
                        "");
}

/* What a shell, a file's name or an option would be is a name like any other: none of the list. */
static void what_is_none_of_the_servers_hosts_is_refused_with_those_that_are(void **state) {
    (void)state;
    static const char *const lists[] = {
        "h4",          "h",      "h1x",      "H1",      "h1,h4", "",         ",",     "h1,",
        ",h1",         "h1,,h2", "h1 ,h2",   "h1;id",   "$(id)", "`id`",     "h1|id", "-oX=y",
        "@/etc/hosts", "@hosts", "h1,h2,h4", "user@h1", "h3",    "h1/../h2", "all",   "*"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"url\": \"127.0.0.1\", \"hosts\": \"%s\"}", lists[i]);
        assert_says(refusal_within(&of_hosts, text),
                    "is none of the hosts of this server: h1, h2, user@h3: some of these");
    }
    assert_says(refusal_within(&of_hosts, "{\"url\": \"127.0.0.1\", \"hosts\": \"h1,h1\"}"),
                "each once");
    assert_says(refusal_within(&of_hosts, "{\"url\": \"127.0.0.1\", \"hosts\": [\"h1\"]}"),
                "a list is refused");
    assert_says(refusal_within(&of_hosts, "{\"url\": \"127.0.0.1\", \"hosts\": 1}"),
                "\"1\" is none");
    assert_says(refusal_within(&of_hosts, "{\"url\": \"127.0.0.1\", \"hosts\": \"h1\\nh2\"}"),
                "one line");
}

static void a_list_of_very_many_hosts_is_told_in_part(void **state) {
    (void)state;
    char all[HOST_LIST_MAX * 8], *at = all;
    for (int i = 0; i < HOST_LIST_MAX; i++)
        at += snprintf(at, sizeof all - (size_t)(at - all), "%shost%d", i > 0 ? "," : "", i);
    const struct config_limits many = {10000, HOUR, all, NULL};
    const char *said = refusal_within(&many, "{\"url\": \"127.0.0.1\", \"hosts\": \"x\"}");
    assert_says(said,
                ": host0, host1, host2, host3, host4, host5, host6, host7 and 248 more: some of "
                "these with commas between them are accepted");
}

static void long_names_are_told_as_far_as_they_have_room(void **state) {
    (void)state;
    char all[4 * HOST_NAME_SIZE], *at = all;
    for (int i = 0; i < 4; i++)
        at += snprintf(at, sizeof all - (size_t)(at - all), "%s%d%0250d", i > 0 ? "," : "", i, 0);
    const struct config_limits many = {10000, HOUR, all, NULL};
    const char *said = refusal_within(&many, "{\"url\": \"127.0.0.1\", \"hosts\": \"x\"}");
    assert_says(said, " and 3 more: some of these with commas between them are accepted");
}

static void the_command_that_reaches_hosts_is_never_a_runs_own(void **state) {
    (void)state;
    static const char text[] = "{\"url\": \"127.0.0.1\", \"remote\": \"sh -c id {host}\"}";
    assert_says(refusal(text), "--remote: refused here: it is an option of holdfast serve itself");
    assert_says(refusal_within(&of_hosts, text), "--remote: refused here: it is an option of");
}

static void a_run_over_hosts_is_within_the_limits_of_the_server(void **state) {
    (void)state;
    assert_says(
        refusal_within(&of_hosts,
                       "{\"url\": \"127.0.0.1\", \"hosts\": \"h1,h2\", \"connections\": 10001}"),
        "--max-connections");
    assert_says(
        refusal_within(&of_hosts,
                       "{\"url\": \"127.0.0.1\", \"hosts\": \"h1,h2\", \"duration\": \"61m\"}"),
        "--max-duration");
    assert_says(
        refusal_within(&of_hosts,
                       "{\"url\": \"127.0.0.1\", \"hosts\": \"h1,h2\", \"connections\": 1}"),
        "one at least for each");
}

/* A new option that takes a file must be refused too. */
static void no_option_of_a_run_that_takes_a_file_is_let_through(void **state) {
    (void)state;
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
        char text[128];
        if (row->argument == NULL || strcmp(row->argument, "FILE") != 0 ||
            (row->commands & COMMAND_RUN) == 0)
            continue;
        snprintf(text, sizeof text, "{\"url\": \"127.0.0.1\", \"%s\": \"/dev/null\"}",
                 option_name(row).text);
        assert_says(refusal(text), "refused here");
    }
}

static void an_options_own_refusal_is_what_is_said(void **state) {
    (void)state;
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"connections\": 0}"), "--connections");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"ramp\": \"fast\"}"), "--ramp");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"require\": \"p99<500\"}"), "p99<500ms");
    assert_says(refusal("{\"url\": \"ftp://127.0.0.1\"}"), "ftp");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"conections\": 1}"), "did you mean");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"connect_timeout\": 1}"), "connect-timeout");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"help\": true}"), "unknown option");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"from\": 1}"), "unknown option");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"ui\": \"line\"}"), "no terminal");
    assert_says(refusal("{\"url\": \"https://127.0.0.1\", \"ciphers\": \"NONSENSE\"}"),
                "--ciphers");
    assert_says(
        refusal("{\"url\": \"https://127.0.0.1\", \"tls-min\": \"1.3\", \"tls-max\": \"1.2\"}"),
        "--tls-min");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"resolve\": \"a:1\"}"), "--resolve");
    assert_string_equal(refusal("{\"url\": \"127.0.0.1\", \"resolve\": [\"a:1:10.0.0.1\"]}"), "");
}

static void a_value_is_of_a_kind_that_a_command_line_has(void **state) {
    (void)state;
    assert_says(refusal("{\"url\": 1}"), "\"url\"");
    assert_says(refusal("{}"), "\"url\"");
    assert_says(refusal("{\"url\": \"127.0.0.1\\n-c\"}"), "\"url\"");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"connections\": null}"), "--connections");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"connections\": {}}"), "--connections");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"connections\": [1]}"), "a list is refused");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"no-check\": 1}"), "true or false");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"header\": \"A: b\\r\\nC: d\"}"), "one line");
    assert_says(refusal("{\"url\": \"--json=/tmp/x\"}"), "");
}

static void a_run_is_within_the_limits_of_the_server(void **state) {
    (void)state;
    assert_string_equal(refusal("{\"url\": \"127.0.0.1\", \"connections\": 10000}"), "");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"connections\": 10001}"), "--max-connections");
    assert_string_equal(refusal("{\"url\": \"127.0.0.1\", \"duration\": \"59m\"}"), "");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"duration\": \"61m\"}"), "--max-duration");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"duration\": \"1s\", \"ramp\": \"1/1h\"}"),
                "--max-duration");
    assert_says(refusal("{\"url\": \"127.0.0.1\", \"keepalive\": \"auto\"}"),
                "auto is refused here");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_numbers_flags_and_lists_become_a_command_line),
        cmocka_unit_test(what_names_a_file_or_a_command_of_this_machine_is_refused),
        cmocka_unit_test(hosts_are_those_of_the_server_and_its_remote_is_added),
        cmocka_unit_test(what_is_none_of_the_servers_hosts_is_refused_with_those_that_are),
        cmocka_unit_test(a_list_of_very_many_hosts_is_told_in_part),
        cmocka_unit_test(long_names_are_told_as_far_as_they_have_room),
        cmocka_unit_test(the_command_that_reaches_hosts_is_never_a_runs_own),
        cmocka_unit_test(a_run_over_hosts_is_within_the_limits_of_the_server),
        cmocka_unit_test(no_option_of_a_run_that_takes_a_file_is_let_through),
        cmocka_unit_test(an_options_own_refusal_is_what_is_said),
        cmocka_unit_test(a_value_is_of_a_kind_that_a_command_line_has),
        cmocka_unit_test(a_run_is_within_the_limits_of_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
