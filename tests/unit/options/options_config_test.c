/* Config files: the same table, with lines in the errors; and the profiles of configs/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options/options_row.h"

static struct options options;
static char error[OPTIONS_ERROR_MAX];

/* Options of a command line without -C, over which a file is then read. */
static void begin(char *const *words) {
    char *argv[16] = {"holdfast", "e"};
    int argc = 2;
    while (*words != NULL)
        argv[argc++] = *words++;
    options_free(&options);
    assert_int_equal(options_parse(&options, COMMAND_RUN, argc, argv, error), OPTIONS_OK);
}

#define BEGIN(...) begin((char *const[]){__VA_ARGS__})

/* A heap copy of the exact size: ASan sees one byte too far. */
static bool read_bytes(enum option_command command, const char *text, size_t length) {
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    bool good = options_read_config(&options, command, "soak.conf", copy, length, error);
    free(copy);
    return good;
}

static bool read_text(const char *text) {
    return read_bytes(COMMAND_RUN, text, strlen(text));
}

static int free_options(void **state) {
    (void)state;
    options_free(&options);
    return 0;
}

static void a_file_sets_what_the_command_line_left(void **state) {
    (void)state;
    BEGIN("-c", "5", "-H", "C: 3", NULL);
    if (!read_text("\xef\xbb\xbf# a profile\r\n\r\n  \t\n"
                   "connections=10k\r\n  ramp =  20/10ms \n\tconnect-timeout\t=\t5s\n"
                   "   # indented\nlabel = soak # 1; 100 %\nheader = A: 1\nheader=B: x=y\n"
                   "no-check = true\nquiet = false\nui = line"))
        fail_msg("%s", error);
    assert_int_equal(options.connections, 5);
    assert_int_equal(options.ramp.count, 20);
    assert_int_equal(options.connect_timeout, 5 * SECOND);
    assert_string_equal(options.label, "soak # 1; 100 %");
    assert_true(options.no_check && options.given.no_check);
    assert_true(!options.quiet && options.given.quiet);
    assert_int_equal(options.ui, UI_LINE);
    assert_int_equal(options.header.count, 3);
    assert_string_equal(options.header.items[0], "A: 1");
    assert_string_equal(options.header.items[1], "B: x=y");
    assert_string_equal(options.header.items[2], "C: 3");
    assert_true(options.given.ramp && options.given.label && !options.given.timeout);
}

static void an_empty_file_changes_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"", "\n", "\r\n\r\n", "#", "\xef\xbb\xbf", " \t"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        BEGIN(NULL);
        assert_true(read_text(texts[i]));
        assert_int_equal(options.connections, 100);
    }
}

static void a_bad_line_is_refused_by_file_and_line(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"\n#\nconections = 5", "soak.conf:3: unknown key \"conections\" (did you mean "
                                "\"connections\"?)"},
        {"connections = 0", "soak.conf:1: connections: \"0\" is out of bounds: 1..10M is accepted, "
                            "such as 100 or 10k"},
        {"connections =", "soak.conf:1: connections: \"\" is not a count"},
        {"connections = 5 # five", "soak.conf:1: connections: \"5 # five\" is not a count"},
        {"connections 5", "soak.conf:1: \"connections ...\" has no '='"},
        {"; old comment", "soak.conf:1: \"; ...\" has no '='"},
        {"header Authorization: Basic secret", "soak.conf:1: \"header ...\" has no '='"},
        {"header: Authorization: Basic secret==", "soak.conf:1: unknown key \"header ...\""},
        {"exec-at = nginx secret", "soak.conf:1: exec-at: \"nginx ...\" is not a time"},
        {"server-status = e/\x01?a=secret", "soak.conf:1: server-status: \"e/\\x01?a=***\" has"},
        {"hide = X-A:", "soak.conf:1: hide: \"X-A:\" is not a header's name"},
        {"[section]", "soak.conf:1: \"[section]\" has no '='"},
        {" = 5", "soak.conf:1: the key before '=' is empty"},
        {"connect_timeout = 5s", "soak.conf:1: unknown key \"connect_timeout\" (did you mean "
                                 "\"connect-timeout\"?)"},
        {"--connections = 5", "soak.conf:1: unknown key \"--connections\" (did you mean"},
        {"c = 5", "soak.conf:1: unknown key \"c\": a long option is accepted"},
        {"Connections = 5", "soak.conf:1: unknown key \"Connections\" (did you mean"},
        {"url = ftp://e", "soak.conf:1: url: scheme \"ftp\" is not spoken here"},
        {"schema = true", "soak.conf:1: unknown key \"schema\""},
        {"listen = 8080", "soak.conf:1: unknown key \"listen\""},
        {"for = 0", "soak.conf:1: for: \"0\" is out of bounds"},
        {"url =", "soak.conf:1: url: no URL: one is needed"},
        {"url = e\n\nurl = f", "soak.conf:3: url: already given in line 1"},
        {"Url = e", "soak.conf:1: unknown key \"Url\""},
        {"help = true", "soak.conf:1: unknown key \"help\""},
        {"capath = 5", "soak.conf:1: unknown key \"capath\""},
        {"x\x1b[31m = 5", "soak.conf:1: unknown key \"x\\x1B[31m\""},
        {"config = other.conf", "soak.conf:1: config: refused inside a config file"},
        {"ramp = 5/s\n\nramp = 5/s", "soak.conf:3: ramp: already given in line 1"},
        {"quiet = true\nquiet = true", "soak.conf:2: quiet: already given in line 1"},
        {"quiet = 1", "soak.conf:1: quiet: \"1\" is not true or false: true or false is accepted"},
        {"quiet =", "soak.conf:1: quiet: \"\" is not true or false"},
        {"ui = line\nquiet = true", "soak.conf:1: ui: \"line\" contradicts quiet"},
        {"header = A", "soak.conf:1: header: \"A\" has no ':'"},
        {"header = @/no/such/file", "soak.conf:1: header: cannot open \"/no/such/file\""},
        {"connections = 5\rramp = 5/s", "soak.conf:1: the line has a CR inside"},
        {"label = a\r\r\n", "soak.conf:1: the line has a CR inside"},
        {"server-status = http://u:secret@e/", "soak.conf:1: server-status: user names"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BEGIN(NULL);
        if (read_text(cases[i][0]) || strncmp(error, cases[i][1], strlen(cases[i][1])) != 0)
            fail_msg("\"%s\" is not \"%s...\"", error, cases[i][1]);
        for (const char *at = error; *at != '\0'; at++)
            assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
        assert_null(strstr(error, "secret"));
    }
}

static void a_url_is_the_command_lines_or_else_the_files(void **state) {
    (void)state;
    BEGIN(NULL);
    assert_true(read_text("url = http://h/from-the-file\n"));
    assert_string_equal(options.url, "e");
    options_free(&options);
    options.url = NULL;
    assert_true(read_text("url = http://h/?a=b#\n"));
    assert_string_equal(options.url, "http://h/?a=b#");
}

static void a_header_that_may_be_there_once_is_the_command_lines(void **state) {
    (void)state;
    BEGIN("-H", "Host: prod", "-H", "X-A: 1", NULL);
    assert_true(read_text("header = HOST: staging\nheader = User-Agent: u\nheader = X-A: 2\n"));
    assert_int_equal(options.header.count, 4);
    assert_string_equal(options.header.items[0], "User-Agent: u");
    assert_string_equal(options.header.items[1], "X-A: 2");
    assert_string_equal(options.header.items[2], "Host: prod");
    BEGIN(NULL);
    assert_false(read_text("header = Host: a\nheader = host: b\n"));
    assert_non_null(strstr(error, "soak.conf:2: header: a second \"host\" is refused"));
}

static void names_to_hide_add_up(void **state) {
    (void)state;
    BEGIN("--hide", "X-A", NULL);
    assert_true(read_text("hide = X-B\nhide = X-C\n"));
    assert_int_equal(options.hide.count, 3);
}

static void a_nul_byte_and_an_endless_line_are_refused(void **state) {
    (void)state;
    BEGIN(NULL);
    assert_false(read_bytes(COMMAND_RUN, "quiet = true\nui = none\0x\n", 25));
    assert_string_equal(error, "soak.conf:2: the line has a NUL byte: lines of text that end in LF "
                               "or CR LF are accepted");
    static char text[OPTIONS_LINE_MAX + 2];
    memset(text, '#', sizeof text);
    assert_true(read_bytes(COMMAND_RUN, text, OPTIONS_LINE_MAX));
    assert_false(read_bytes(COMMAND_RUN, text, OPTIONS_LINE_MAX + 1));
    assert_non_null(strstr(error, "soak.conf:1: the line is longer than 64 KiB"));
}

static void a_hundred_headers_in_all(void **state) {
    (void)state;
    static char text[HEADERS_MAX * 16 + 1];
    for (size_t i = 0; i < HEADERS_MAX; i++)
        strcat(text, "header = A: 1\n");
    BEGIN(NULL);
    assert_true(read_text(text));
    assert_int_equal(options.header.count, HEADERS_MAX);
    BEGIN("-H", "B: 2", NULL);
    assert_false(read_text(text));
    assert_non_null(strstr(error, "soak.conf: 101 headers with those of the command line"));
    strcat(text, "header = A: 1\n");
    BEGIN(NULL);
    assert_false(read_text(text));
    assert_non_null(strstr(error, "soak.conf:101: header: more than 100 headers"));
}

static void the_command_line_decides_on_the_live_view_with_either_option(void **state) {
    (void)state;
    BEGIN("--ui", "line", NULL);
    assert_true(read_text("quiet = true"));
    assert_true(options.ui == UI_LINE && !options.quiet);
    BEGIN(NULL);
    assert_true(read_text("quiet = true"));
    assert_true(options.ui == UI_NONE && options.quiet);
    BEGIN("-q", NULL);
    assert_true(read_text("ui = line"));
    assert_true(options.ui == UI_NONE && options.quiet);
}

static void a_key_that_check_has_no_use_for_is_judged_and_not_applied(void **state) {
    (void)state;
    BEGIN(NULL);
    assert_true(read_bytes(COMMAND_CHECK, "ui = line\nno-check = true\nlabel = x\n", 36));
    assert_true(options.ui == UI_AUTO && !options.no_check && !options.given.no_check);
    assert_string_equal(options.label, "x");
    assert_false(read_bytes(COMMAND_CHECK, "ui = lines\n", 11));
    assert_non_null(strstr(error, "soak.conf:1: ui: \"lines\""));
}

static void what_only_probe_has_is_a_key_too(void **state) {
    (void)state;
    static const char text[] = "for = 5s\ngentle = true\n";
    BEGIN(NULL);
    assert_true(read_text(text));
    assert_true(!options.gentle && !options.given.for_);
    options_free(&options);
    assert_true(read_bytes(COMMAND_PROBE, text, sizeof text - 1));
    assert_true(options.gentle && options.for_ == 5 * SECOND);
    options.url = NULL;
    assert_true(read_bytes(COMMAND_PROBE, "url = http://h/\n", 16));
    assert_string_equal(options.url, "http://h/");
}

static void a_value_that_the_command_line_replaces_is_judged_too(void **state) {
    (void)state;
    BEGIN("-c", "5", NULL);
    assert_false(read_text("connections = 0"));
    assert_non_null(strstr(error, "soak.conf:1: connections: \"0\" is out of bounds"));
}

static enum options_outcome parse_with(enum option_command command, char *option, char *file) {
    char *argv[] = {"holdfast", option, file, "http://127.0.0.1:8080/", NULL};
    options_free(&options);
    return options_parse(&options, command, 4, argv, error);
}

static void a_file_that_cannot_be_read_is_named_with_the_reason(void **state) {
    (void)state;
    static char *const cases[][3] = {
        {"-C", "/no/such.conf", "-C: cannot open \"/no/such.conf\": No such file or directory"},
        {"--config", "/", "--config: cannot read \"/\": Is a directory"},
        {"-C", "/dev/zero", "-C: \"/dev/zero\" is longer than the 1 MiB that are accepted"},
        {"-C", "/no/\x1b", "-C: cannot open \"/no/\\x1B\": No such file or directory"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse_with(COMMAND_RUN, cases[i][0], cases[i][1]), OPTIONS_BAD);
        assert_string_equal(error, cases[i][2]);
    }
}

static void the_smoke_profile_is_good_for_every_command(void **state) {
    (void)state;
    char file[] = TEST_SOURCE_DIR "/../configs/smoke.conf";
    assert_int_equal(parse_with(COMMAND_CHECK, "-C", file), OPTIONS_OK);
    assert_int_equal(parse_with(COMMAND_RUN, "-C", file), OPTIONS_OK);
    assert_int_equal(options.connections, 100);
    assert_int_equal(options.duration, 10 * SECOND);
    assert_string_equal(options.config, file);
}

static void the_soak_10k_profile_is_the_main_job(void **state) {
    (void)state;
    char file[] = TEST_SOURCE_DIR "/../configs/soak-10k.conf";
    assert_int_equal(parse_with(COMMAND_CHECK, "-C", file), OPTIONS_OK);
    assert_int_equal(parse_with(COMMAND_RUN, "-C", file), OPTIONS_OK);
    assert_int_equal(options.connections, 10000);
    assert_int_equal(options.ramp.count, 10);
    assert_int_equal(options.ramp.per, 10 * MILLISECOND);
    assert_int_equal(options.duration, 60 * SECOND);
    assert_int_equal(options.keepalive, 60 * SECOND);
    assert_string_equal(options.method, "HEAD");
}

static void the_overnight_profile_refills_what_is_lost(void **state) {
    (void)state;
    char file[] = TEST_SOURCE_DIR "/../configs/overnight.conf";
    assert_int_equal(parse_with(COMMAND_CHECK, "-C", file), OPTIONS_OK);
    assert_int_equal(parse_with(COMMAND_RUN, "-C", file), OPTIONS_OK);
    assert_int_equal(options.connections, 10000);
    assert_int_equal(options.duration, 8 * HOUR);
    assert_int_equal(options.reconnect.low, 1 * SECOND);
    assert_int_equal(options.reconnect.high, 30 * SECOND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_sets_what_the_command_line_left),
        cmocka_unit_test(an_empty_file_changes_nothing),
        cmocka_unit_test(a_bad_line_is_refused_by_file_and_line),
        cmocka_unit_test(a_url_is_the_command_lines_or_else_the_files),
        cmocka_unit_test(a_header_that_may_be_there_once_is_the_command_lines),
        cmocka_unit_test(names_to_hide_add_up),
        cmocka_unit_test(a_nul_byte_and_an_endless_line_are_refused),
        cmocka_unit_test(a_hundred_headers_in_all),
        cmocka_unit_test(the_command_line_decides_on_the_live_view_with_either_option),
        cmocka_unit_test(a_key_that_check_has_no_use_for_is_judged_and_not_applied),
        cmocka_unit_test(what_only_probe_has_is_a_key_too),
        cmocka_unit_test(a_value_that_the_command_line_replaces_is_judged_too),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named_with_the_reason),
        cmocka_unit_test(the_smoke_profile_is_good_for_every_command),
        cmocka_unit_test(the_soak_10k_profile_is_the_main_job),
        cmocka_unit_test(the_overnight_profile_refills_what_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, free_options);
}
