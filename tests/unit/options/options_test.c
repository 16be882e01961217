/* The command line: what is taken, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options/options_row.h"

enum { ARGUMENTS_MAX = 256 };

static struct options options;
static char error[OPTIONS_ERROR_MAX];

static enum options_outcome parse(enum option_command command, char *const *words) {
    char *argv[ARGUMENTS_MAX] = {"holdfast"};
    int argc = 1;
    while (*words != NULL)
        argv[argc++] = *words++;
    options_free(&options);
    return options_parse(&options, command, argc, argv, error);
}

#define PARSE(...) parse(COMMAND_RUN, (char *const[]){__VA_ARGS__, NULL})

static void assert_refused(enum options_outcome outcome, const char *beginning) {
    if (outcome != OPTIONS_BAD || strncmp(error, beginning, strlen(beginning)) != 0)
        fail_msg("outcome %d, \"%s\" is not \"%s...\"", (int)outcome, error, beginning);
    for (const char *at = error; *at != '\0'; at++)
        assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
}

static void assert_answered(enum options_outcome outcome, const char *part) {
    if (outcome != OPTIONS_BAD || strstr(error, part) == NULL)
        fail_msg("outcome %d, \"%s\" does not hold \"%s\"", (int)outcome, error, part);
}

static int free_options(void **state) {
    (void)state;
    options_free(&options);
    return 0;
}

static void the_defaults_are_those_of_the_table(void **state) {
    (void)state;
    assert_int_equal(PARSE("e"), OPTIONS_OK);
    assert_string_equal(options.url, "e");
    assert_int_equal(options.connections, 100);
    assert_int_equal(options.ramp.count, 10);
    assert_int_equal(options.ramp.per, 10 * MILLISECOND);
    assert_int_equal(options.duration, 60 * SECOND);
    assert_int_equal(options.keepalive, 60 * SECOND);
    assert_int_equal(options.timeout, 3 * SECOND);
    assert_int_equal(options.connect_timeout, 3 * SECOND);
    assert_string_equal(options.method, "HEAD");
    assert_int_equal(options.ui, UI_AUTO);
    assert_int_equal(options.color, COLOR_AUTO);
    assert_null(options.label);
    assert_null(options.json);
    assert_null(options.connect_to);
    assert_null(options.server_status);
    assert_null(options.server_log);
    assert_false(options.quiet || options.no_check);
    assert_int_equal(options.header.count, 0);
    for (size_t i = 0; i < OPTION_ROWS; i++)
        assert_false(option_is_given(&options, &option_rows[i]));
}

static void options_and_the_url_stand_in_any_order(void **state) {
    (void)state;
    setenv("POSIXLY_CORRECT", "1", 1);
    assert_int_equal(PARSE("-c", "5", "e", "--ramp=20/s", "-qX", "GET", "-w2"), OPTIONS_OK);
    unsetenv("POSIXLY_CORRECT");
    assert_string_equal(options.url, "e");
    assert_int_equal(options.connections, 5);
    assert_int_equal(options.ramp.count, 20);
    assert_int_equal(options.workers, 2);
    assert_string_equal(options.method, "GET");
    assert_true(options.quiet && options.given.quiet);
    assert_int_equal(options.ui, UI_NONE);
    assert_int_equal(PARSE("-c7", "--", "-x"), OPTIONS_OK);
    assert_string_equal(options.url, "-x");
}

static void help_and_version_end_the_reading(void **state) {
    (void)state;
    assert_int_equal(PARSE("--help"), OPTIONS_HELP);
    assert_int_equal(PARSE("-c", "5", "--help", "--no-such"), OPTIONS_HELP);
    assert_int_equal(PARSE("--version"), OPTIONS_VERSION);
    assert_refused(PARSE("--help=1"), "--help: takes no value");
    assert_refused(PARSE("--version=1"), "--version: takes no value");
    assert_refused(PARSE("--vers"), "unknown option \"--vers\" (did you mean \"--version\"?)");
}

static void exactly_one_url_is_taken(void **state) {
    (void)state;
    assert_refused(parse(COMMAND_CHECK, (char *const[]){NULL}), "no URL");
    assert_refused(PARSE("-q"), "no URL");
    assert_refused(PARSE("e", "f"), "\"f\" is one operand too many: one URL is accepted");
    assert_refused(PARSE("e", "--", "f"), "\"f\" is one operand too many");
    assert_refused(PARSE("e.f", "http://u:secret@f\x1b"), "\"***@f\\x1B\" is one operand too many");
    assert_refused(PARSE("e", "http://f"), "unknown command \"e\" (see holdfast help)");
    assert_refused(PARSE("GET", "http://f"), "\"GET\": the method is an option: -X GET");
    assert_refused(PARSE("post", "http://f"), "\"post\": the method is an option: -X POST");
    assert_refused(PARSE("-d", "30", "s", "http://f"),
                   "\"s\": a unit stands right behind its number, such as 30s");
    assert_refused(PARSE("http://f", "-d", "100", "ms"), "\"ms\": a unit stands right behind its");
    assert_refused(PARSE("\u2013c", "10", "http://f"),
                   "\"\u2013c\" begins with a dash that is no '-': options begin with '-' or '--'");
    assert_refused(PARSE("\u2014", "http://f"), "\"\u2014\" begins with a dash");
}

static void an_option_is_no_file(void **state) {
    (void)state;
    assert_refused(PARSE("--json", "-d", "1s", "e"),
                   "--json: the value is missing: \"-d\" is no file, but ./-d is one");
    assert_refused(PARSE("--html", "--junit", "x", "e"),
                   "--html: the value is missing: \"--junit\"");
    assert_int_equal(PARSE("--json", "-", "e"), OPTIONS_OK);
    assert_int_equal(PARSE("--json=-d", "e"), OPTIONS_OK);
    assert_int_equal(PARSE("--label", "-d", "e"), OPTIONS_OK);
}

static void names_are_not_abbreviated(void **state) {
    (void)state;
    assert_refused(PARSE("--connections", "5", "--dur", "5s", "e"),
                   "unknown option \"--dur\" (did you mean \"--duration\"?)");
    assert_refused(PARSE("--dur=5s", "e"), "unknown option \"--dur\" (did you mean");
    assert_refused(PARSE("--connect", "5", "e"), "unknown option \"--connect\"");
    assert_refused(PARSE("--qui", "e"), "unknown option \"--qui\" (did you mean \"--quiet\"?)");
    assert_refused(PARSE("--no", "e"), "unknown option \"--no\"");
    assert_refused(PARSE("--dur", "--duration", "e"), "unknown option \"--dur\"");
}

/* Each option that the words name is one of run. */
static void check_options_named(const char *words) {
    for (const char *at = strchr(words, '-'); at != NULL; at = strchr(at, '-')) {
        bool begins = at == words || at[-1] == ' ' || at[-1] == '(';
        size_t dashes = strspn(at, "-");
        size_t length =
            strspn(at + dashes, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
        char name[OPTION_NAME_MAX] = {0};
        bool found = false;
        assert_true(length < sizeof name);
        memcpy(name, at + dashes, length);
        for (size_t i = 0; i < OPTION_ROWS; i++)
            if ((option_rows[i].commands & COMMAND_RUN) != 0 &&
                (dashes == 2 ? strcmp(option_name(&option_rows[i]).text, name) == 0
                             : length == 1 && option_rows[i].letter == name[0]))
                found = true;
        if (begins && !found && strcmp(name, "V") != 0)
            fail_msg("\"%s\" is no option of run: %s", name, words);
        at += dashes + length;
    }
}

static void each_habit_of_another_tool_is_answered_by_what_it_is_here(void **state) {
    (void)state;
    for (const struct option_habit *habit = option_habits; habit->typed != NULL; habit++) {
        char typed[64];
        for (int i = 0; i < 3; i++) { /* alone, with a value apart, with one in the same word */
            snprintf(typed, sizeof typed, "%s%s", habit->typed,
                     i < 2                    ? ""
                     : habit->typed[1] == '-' ? "=5"
                                              : "5");
            assert_answered(i == 1 ? PARSE(typed, "5", "e") : PARSE(typed, "e"), habit->advice);
        }
        check_options_named(habit->advice);
    }
    assert_refused(PARSE("-t4", "-c10000", "-d30s", "e"),
                   "unknown option \"-t\": a thread is a worker");
}

static void a_long_option_with_one_dash_is_answered_with_two(void **state) {
    static char *const typed[] = {"-rate=50", "-duration=1s", "-keepalive", "-connections",
                                  "-workers", "-quiet",       "-version",   "-timeout=5s"};
    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        char expected[128];
        int length = (int)strcspn(typed[i], "=");
        snprintf(expected, sizeof expected, "\"%.*s\": a long option has two dashes: -%.*s", length,
                 typed[i], length, typed[i]);
        assert_answered(PARSE(typed[i], "5", "e"), expected);
        assert_answered(PARSE("-c", "5", typed[i], "5", "e"), expected);
    }
    assert_answered(PARSE("-targets=x", "e"), "unknown option \"--targets\": --urls FILE");
    assert_answered(PARSE("-cpus", "4", "e"), "unknown option \"--cpus\": a processor has");
    assert_int_equal(PARSE("--label", "-rate", "e"), OPTIONS_OK); /* a value may look so */
    assert_int_equal(PARSE("-qw2", "e"), OPTIONS_OK);
}

static void values_of_other_tools_are_answered_by_what_they_are_here(void **state) {
    static char *const data[] = {"{\"a\":1}", "@body.json", "a=b&c=d", "[1]", "<order/>"};
    (void)state;
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++)
        assert_answered(PARSE("-d", data[i], "e"), "the request's body is --body FILE");
    assert_answered(PARSE("--json", "{\"a\":1}", "e"), "the request's body is --body FILE");
    assert_int_equal(PARSE("--json", "./{a}.json", "e"), OPTIONS_OK);
    assert_answered(PARSE("-d", "", "e"), "is not a duration");
    assert_answered(PARSE("-k", "http://e/"), "'-k' is --keepalive here");
    assert_answered(PARSE("-k", "-c", "5", "e"), "connections are kept alive in any case");
    assert_answered(PARSE("-c", "5", "-q", "10", "e"), "a rate is --rate R (of hey, oha)");
    assert_answered(PARSE("script.js"), "\"script.js\": no script is run");
    assert_answered(PARSE("-c", "5", "post.lua"), "no script is run");
    assert_int_equal(PARSE("http://e/script.js"), OPTIONS_OK);
    assert_int_equal(PARSE("e/script.js"), OPTIONS_OK);
}

static void values_are_taken_as_they_are_usually_written(void **state) {
    (void)state;
    assert_int_equal(PARSE("-c10000", "-d30s", "-qw2", "e"), OPTIONS_OK);
    assert_int_equal(options.connections, 10000);
    assert_int_equal(options.duration, 30 * SECOND);
    assert_true(options.quiet);
    assert_int_equal(options.workers, 2);
    assert_int_equal(PARSE("-c", "10K", "--rate", "100/s", "-d", "1min", "e"), OPTIONS_OK);
    assert_int_equal(options.connections, 10000);
    assert_int_equal(options.rate, 100 * FREQUENCY_ONE);
    assert_int_equal(options.duration, MINUTE);
    assert_int_equal(PARSE("--metrics", ":9090", "e"), OPTIONS_OK);
    assert_int_equal(PARSE("--metrics", "9090", "e"), OPTIONS_OK);
    assert_int_equal(PARSE("--metrics", "localhost:9090", "e"), OPTIONS_OK);
    assert_answered(PARSE("--metrics", "example:9090", "e"), "a port, or ADDR:PORT");
    assert_answered(PARSE("-c=50", "e"), "-c N or --connections=N is accepted");
    assert_answered(PARSE("-d", "1m30", "e"), "ns us ms s m h d");
    assert_answered(PARSE("--server-pid", "nginx", "e"), "is not the number of a process");
    assert_int_equal(parse(COMMAND_TARGET, (char *const[]){"8088", NULL}), OPTIONS_OK);
    assert_string_equal(options.listen, "8088");
    assert_answered(parse(COMMAND_TARGET, (char *const[]){"8088", "8089", NULL}),
                    "one operand too many");
    assert_answered(parse(COMMAND_TARGET, (char *const[]){"--listen", ":1", "2", NULL}),
                    "one operand too many");
}

static void an_unknown_option_is_refused_by_name(void **state) {
    (void)state;
    assert_refused(PARSE("--conections", "5", "e"),
                   "unknown option \"--conections\" (did you mean \"--connections\"?)");
    assert_refused(PARSE("--connect_to=e:1", "e"),
                   "unknown option \"--connect_to\" (did you mean \"--connect-to\"?)");
    assert_refused(PARSE("--token=secret", "e"),
                   "unknown option \"--token\" (see holdfast run --help)");
    assert_null(strstr(error, "secret"));
    assert_refused(PARSE("--=x", "e"), "unknown option \"--\" (see");
    assert_refused(PARSE("--\x1b[31m", "e"), "unknown option \"--\\x1B[31m\" (see");
    assert_refused(PARSE("-J", "e"), "unknown option \"-J\" (see");
    assert_refused(PARSE("-qJ", "e"), "unknown option \"-J\" (see");
    assert_refused(PARSE("-\xff", "e"), "unknown option \"-\\xFF\" (see");
    assert_refused(PARSE("-:", "e"), "unknown option \"-:\" (see");
    static char *const later[] = {"--capath"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        assert_refused(PARSE(later[i], "1", "e"), "unknown option");
}

static void a_command_refuses_what_only_another_one_takes(void **state) {
    (void)state;
    assert_refused(parse(COMMAND_CHECK, (char *const[]){"--ui", "line", "e", NULL}),
                   "--ui: not an option of holdfast check");
    assert_refused(parse(COMMAND_CHECK, (char *const[]){"--no-check", "e", NULL}),
                   "--no-check: not an option of holdfast check");
    assert_int_equal(parse(COMMAND_CHECK, (char *const[]){"-q", "-c", "5", "e", NULL}), OPTIONS_OK);
}

static void a_count_of_requests_ends_the_hold_unless_a_duration_does(void **state) {
    (void)state;
    assert_int_equal(PARSE("-n", "20k", "e"), OPTIONS_OK);
    assert_int_equal(options.requests, 20000);
    assert_int_equal(options.duration, 0);
    assert_false(options.given.duration);
    assert_int_equal(PARSE("-n", "20k", "-d", "5s", "e"), OPTIONS_OK);
    assert_int_equal(options.duration, 5 * SECOND);
}

/* A file of so many bytes. */
static void make_file(char path[static 32], size_t bytes) {
    memcpy(path, "/tmp/holdfast-body-XXXXXX", sizeof "/tmp/holdfast-body-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "body", bytes < 4 ? bytes : 4), bytes < 4 ? bytes : 4);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    close(fd);
}

static void a_body_is_read_whole_and_once(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 4, 100000, BODY_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char path[32];
        make_file(path, sizes[i]);
        assert_int_equal(PARSE("--body", path, "-X", "POST", "e"), OPTIONS_OK);
        unlink(path);
        assert_int_equal(options_body(&options)->length, sizes[i]);
        assert_int_equal(memcmp(options_body(&options)->bytes, "body", sizes[i] < 4 ? sizes[i] : 4),
                         0);
    }
    assert_int_equal(PARSE("e"), OPTIONS_OK);
    assert_null(options_body(&options));
}

static void a_body_that_is_too_long_or_not_there_is_refused(void **state) {
    (void)state;
    char path[32];
    make_file(path, (size_t)BODY_MAX + 1);
    enum options_outcome outcome = PARSE("--body", path, "e");
    unlink(path);
    assert_refused(outcome, "--body: \"/tmp/holdfast-body-");
    assert_non_null(strstr(error, "longer than the 64 MiB that are accepted"));
    assert_refused(PARSE("--body", path, "e"), "--body: cannot open \"/tmp/holdfast-body-");
    assert_refused(PARSE("--body", "/", "e"), "--body: cannot read \"/\"");
    assert_refused(PARSE("--body", "", "e"), "--body: the value is empty");
}

static void a_length_given_is_the_bodys(void **state) {
    (void)state;
    char path[32];
    make_file(path, 4);
    assert_int_equal(PARSE("-H", "content-length: 4", "--body", path, "e"), OPTIONS_OK);
    assert_refused(PARSE("-H", "Content-Length: 5", "--body", path, "e"),
                   "--header: \"Content-Length: 5\" is refused: the request's body has 4 bytes");
    assert_refused(PARSE("--body", path, "-H", "Content-Length: 0", "e"),
                   "--header: \"Content-Length: 0\" is refused: the request's body has 4 bytes");
    unlink(path);
    struct option_text_list headers = {
        4, {"A: 1", "CONTENT-LENGTH: 4", "expect: 100-continue", "B: 2"}};
    options_drop_length(&headers);
    assert_int_equal(headers.count, 2);
    assert_string_equal(headers.items[1], "B: 2");
}

static void what_may_be_there_once_is_refused_twice(void **state) {
    (void)state;
    assert_refused(PARSE("-H", "Host: a", "-H", "HOST: a", "e"),
                   "-H: a second \"HOST\" is refused: a request has it once");
    assert_refused(PARSE("-H", "Cookie: a", "--header", "cookie:", "e"), "--header: a second");
    assert_int_equal(PARSE("-H", "Accept: a", "-H", "accept: b", "-H", "Host: a", "-H", "Hos: a",
                           "-H", "Connection: a", "-H", "connection: b", "e"),
                     OPTIONS_OK);
    assert_int_equal(options.header.count, 6);
}

static void an_older_report_is_read_whatever_was_asked_then(void **state) {
    (void)state;
    static const char *const members[][2] = {{"method", "CONNECT"},
                                             {"header", "Host: a"},
                                             {"header", "host: b"},
                                             {"header", "Content-Length: ***"},
                                             {"header", "Transfer-Encoding: chunked"}};
    assert_int_equal(PARSE("e"), OPTIONS_OK);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        assert_true(options_read_member(&options, members[i][0], members[i][1], error));
    assert_int_equal(options.header.count, 4);
}

static void a_method_that_cannot_work_is_refused(void **state) {
    (void)state;
    char path[32];
    make_file(path, 4);
    assert_refused(PARSE("-X", "CONNECT", "e"), "-X: CONNECT is refused: it makes a tunnel");
    assert_refused(PARSE("-X", "TRACE", "--body", path, "e"), "--body: refused with the method");
    assert_refused(PARSE("-H", "Expect: 100-continue", "e"),
                   "--header: \"Expect: 100-continue\" is refused: the request has no body");
    assert_int_equal(PARSE("-X", "POST", "-H", "Expect: 100-continue", "--body", path, "e"),
                     OPTIONS_OK);
    assert_int_equal(PARSE("-X", "TRACE", "e"), OPTIONS_OK);
    assert_int_equal(PARSE("-X", "connect", "e"), OPTIONS_OK); /* another method: case counts */
    unlink(path);
}

static void a_rate_and_an_interval_exclude_each_other(void **state) {
    (void)state;
    assert_int_equal(PARSE("--rate", "0.5", "-k", "5s", "e"), OPTIONS_OK);
    assert_int_equal(options.rate, FREQUENCY_ONE / 2);
    assert_refused(PARSE("--rate", "5", "-i", "1s", "e"), "--interval: refused with --rate");
    assert_refused(PARSE("-i", "0", "--rate", "5", "e"), "--interval: refused with --rate");
}

static void an_option_is_given_once(void **state) {
    (void)state;
    assert_refused(PARSE("-c", "5", "-c", "5", "e"), "-c: given twice (-c before)");
    assert_refused(PARSE("--connections=5", "-c6", "e"), "-c: given twice (--connections before)");
    assert_refused(PARSE("-c6", "--connections", "5", "e"),
                   "--connections: given twice (-c before)");
    assert_refused(PARSE("-q", "-q", "e"), "-q: given twice");
    assert_refused(PARSE("-C", "a", "-C", "b", "e"), "-C: given twice");
    assert_int_equal(PARSE("-H", "a: 1", "-H", "b: 2", "e"), OPTIONS_OK);
    assert_int_equal(options.header.count, 2);
}

static void a_value_is_there_where_it_belongs_and_nowhere_else(void **state) {
    (void)state;
    assert_refused(PARSE("e", "-c"), "-c: the value is missing: 1..10M is accepted");
    assert_refused(PARSE("e", "--connections"), "--connections: the value is missing: 1..10M");
    assert_refused(PARSE("e", "--json"), "--json: the value is missing");
    assert_refused(PARSE("e", "-H"), "-H: the value is missing");
    assert_refused(PARSE("--quiet=1", "e"), "--quiet: takes no value");
    assert_refused(PARSE("--no-check=", "e"), "--no-check: takes no value");
}

/* Each kind at its bounds, one beyond, and not parsed at all. */
static void values_out_of_bounds_name_what_is_accepted(void **state) {
    (void)state;
    static char *const cases[][3] = {
        {"-c", "0", "-c: \"0\" is out of bounds: 1..10M is accepted, such as 100 or 10k"},
        {"--connections", "10000001", "--connections: \"10000001\" is out of bounds: 1..10M"},
        {"-c", "", "-c: \"\" is not a count"},
        {"-c", "-5", "-c: \"-5\" is not a count: 1..10M is accepted"},
        {"-c", "1.5", "-c: \"1.5\" is not a count"},
        {"-c", "10kk", "-c: \"10kk\" is not a count"},
        {"-c", " 5", "-c: \" 5\" is not a count"},
        {"-c", "0x10", "-c: \"0x10\" is not a count"},
        {"-c", "99999999999999999999999", "-c: \"99999999999999999999999\" is not a count"},
        {"-c", "\x1b[2J\xff", "-c: \"\\x1B[2J\\xFF\" is not a count"},
        {"-w", "4097", "-w: \"4097\" is out of bounds: 1..4096 is accepted, such as 1 or 4"},
        {"-w", "0", "-w: \"0\" is out of bounds"},
        {"--seed", "9223372036854775808", "--seed: \"9223372036854775808\" is out of bounds: 0.."},
        {"-n", "0", "-n: \"0\" is out of bounds: 1..1000000G is accepted, such as 100 or 10k"},
        {"--requests", "1000001G", "--requests: \"1000001G\" is out of bounds"},
        {"-n", "1.5", "-n: \"1.5\" is not a count"},
        {"-r", "0/10ms", "-r: \"0/10ms\" is out of bounds: N/DUR or N (a second) is accepted"},
        {"-r", "10/0", "-r: \"10/0\" is"},
        {"-r", "10/1us", "-r: \"10/1us\" is out of bounds"},
        {"-r", "10/61m", "-r: \"10/61m\" is out of bounds"},
        {"-r", "1000001/1s", "-r: \"1000001/1s\" is out of bounds"},
        {"-r", "10/", "-r: \"10/\" is not a rate"},
        {"--rate", "0",
         "--rate: \"0\" is out of bounds: R (a second) is accepted, 0.001..10M, such as 1000"},
        {"--rate", "10000001", "--rate: \"10000001\" is out of bounds"},
        {"--rate", "10/3s", "--rate: \"10/3s\" is not a rate"},
        {"-d", "366d", "-d: \"366d\" is out of bounds: 0..365d is accepted, such as"},
        {"-d", "-1s", "-d: \"-1s\" is not a duration"},
        {"-d", "1y", "-d: \"1y\" is not a duration"},
        {"-k", "99ms", "-k: \"99ms\" is out of bounds: 100ms..24h is accepted"},
        {"-k", "24h1ns", "-k: \"24h1ns\" is out of bounds"},
        {"-i", "5s..1s", "-i: \"5s..1s\" is not an interval: A, A..B or exp:MEAN is accepted"},
        {"-i", "1s..25h", "-i: \"1s..25h\" is out of bounds"},
        {"-i", "1s..", "-i: \"1s..\" is not an interval"},
        {"--source", "", "--source: \"\" is no address, range A-B or prefix A/N: auto or "},
        {"--source", "eth0",
         "--source: \"eth0\" is no address, range A-B or prefix A/N: auto or "
         "ADDR[,ADDR...] is accepted, each an address, a range A-B or a prefix "
         "A/N, at most 65536 addresses of one family, such as "
         "127.0.0.2-127.0.0.9"},
        {"--source", "127.0.0.1,", "--source: \"\" is no address"},
        {"--source", "127.0.0.1, 127.0.0.2", "--source: \" 127.0.0.2\" is no address"},
        {"--source", "auto,127.0.0.1", "--source: \"auto\" is no address"},
        {"--source", "127.0.0.1,::1", "--source: \"127.0.0.1,::1\" mixes IPv4 and IPv6: auto or"},
        {"--source", "127.0.0.0/8", "--source: \"127.0.0.0/8\" holds more than 65536 addresses"},
        {"--source", "10.0.0.0/16,10.2.0.0/16",
         "--source: \"10.0.0.0/16,10.2.0.0/16\" holds more than 65536 addresses"},
        {"--source", "127.0.0.1/24", "--source: \"127.0.0.1/24\" has bits beyond its prefix"},
        {"-i", "exp:", "-i: \"exp:\" is not an interval"},
        {"-i", "exp:0", "-i: \"exp:0\" is not an interval"},
        {"-i", "exp:1s..2s", "-i: \"exp:1s..2s\" is not an interval"},
        {"-i", "exp:25h", "-i: \"exp:25h\" is out of bounds"},
        {"--warmup", "25h", "--warmup: \"25h\" is out of bounds: 0..24h"},
        {"--warmup", "-1s", "--warmup: \"-1s\" is not a duration"},
        {"--reconnect", "always",
         "--reconnect: \"always\" is not a policy: never or backoff=A..B is accepted, 1ms..24h, A "
         "not above B, such as backoff=1s..30s"},
        {"--reconnect", "", "--reconnect: \"\" is not a policy"},
        {"--reconnect", "never ", "--reconnect: \"never \" is not a policy"},
        {"--reconnect", "backoff", "--reconnect: \"backoff\" is not a policy"},
        {"--reconnect", "backoff=", "--reconnect: \"backoff=\" is not a policy"},
        {"--reconnect", "1s..30s", "--reconnect: \"1s..30s\" is not a policy"},
        {"--reconnect", "backoff=30s..1s", "--reconnect: \"backoff=30s..1s\" is not a policy"},
        {"--reconnect", "backoff=0..1s", "--reconnect: \"backoff=0..1s\" is out of bounds"},
        {"--reconnect", "backoff=999us..1s", "--reconnect: \"backoff=999us..1s\" is out of"},
        {"--reconnect", "backoff=1s..25h", "--reconnect: \"backoff=1s..25h\" is out of bounds"},
        {"--shard", "",
         "--shard: \"\" is not a part: I/N is accepted, N 1..4096, I 1..N, such as 2/4"},
        {"--shard", "2", "--shard: \"2\" is not a part"},
        {"--shard", "2/", "--shard: \"2/\" is not a part"},
        {"--shard", "a/4", "--shard: \"a/4\" is not a part"},
        {"--shard", "2/4/8", "--shard: \"2/4/8\" is not a part"},
        {"--shard", "-1/4", "--shard: \"-1/4\" is not a part"},
        {"--shard", " 1/4", "--shard: \" 1/4\" is not a part"},
        {"--shard", "1k/4k", "--shard: \"1k/4k\" is not a part"},
        {"--shard", "0/4", "--shard: \"0/4\" is out of bounds"},
        {"--shard", "5/4", "--shard: \"5/4\" is out of bounds"},
        {"--shard", "1/0", "--shard: \"1/0\" is out of bounds"},
        {"--shard", "1/4097", "--shard: \"1/4097\" is out of bounds"},
        {"--shard", "1/99999999999999999999", "--shard: \"1/99999999999999999999\" is not a part"},
        {"--shard", "1/4+", "--shard: \"1/4+\" is not a part"},
        {"--shard", "1/4+0", "--shard: \"1/4+0\" is not a part"},
        {"--shard", "3/4+5", "--shard: \"3/4+5\" is out of bounds"},
        {"--hosts", "a,,b",
         "--hosts: \"a,,b\" is not a list of hosts: hosts with commas between them"},
        {"--hosts", "a,a", "--hosts: \"a,a\" is not a list of hosts"},
        {"--remote", "ssh h1 sshpass", "--remote: \"ssh ...\" is not a command for a host"},
        {"--on-host-loss", "go", "--on-host-loss: \"go\" is not a choice"},
        {"--shard", "/4",
         "--shard: \"/4\": no rank is set in the environment (OMPI_COMM_WORLD_RANK"},
        {"--shard", "auto", "--shard: \"auto\": no rank is set in the environment"},
        {"--start-at", "",
         "--start-at: \"\" is not a time: a time of RFC 3339 or +DUR is accepted"},
        {"--start-at", "12:00", "--start-at: \"12:00\" is not a time"},
        {"--start-at", "2026-12-01", "--start-at: \"2026-12-01\" is not a time"},
        {"--start-at", "2026-12-01T09:30:00", "--start-at: \"2026-12-01T09:30:00\" is not a time"},
        {"--start-at", "+366d", "--start-at: \"+366d\" is out of bounds"},
        {"--start-at", "+-1s", "--start-at: \"+-1s\" is not a time"},
        {"--start-at", "2250-01-01T00:00:00Z", "--start-at: \"2250-01-01T00:00:00Z\" is out of"},
        {"--timeout", "0", "--timeout: \"0\" is out of bounds: 1ms..24h"},
        {"--connect-timeout", "2d", "--connect-timeout: \"2d\" is out of bounds"},
        {"--ui", "blocks",
         "--ui: \"blocks\" is not a live view: one of auto|block|line|none is accepted"},
        {"--ui", "", "--ui: \"\" is not a live view"},
        {"--color", "yes", "--color: \"yes\" is not a choice of colour: one of auto|always|never"},
        {"--json", "", "--json: the value is empty: a file's name"},
        {"-C", "", "-C: the value is empty: a file's name"},
        {"-X", "", "-X: the value is empty: a token, such as GET, of at most 32 bytes"},
        {"-X", "GE T", "-X: \"GE T\" is not a method: a token"},
        {"-X", "G\r\n", "-X: \"G\\x0D\\x0A\" is not a method"},
        {"-X", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG",
         "-X: \"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG\" has "
         "33 bytes, too long"},
        {"--label", "a\nb", "--label: \"a\\x0Ab\" is not a label"},
        {"--label", "a\tb", "--label: \"a\\x09b\" is not a label"},
        {"--label", "a\xc2\x9b", "--label: \"a\\xC2\\x9B\" is not a label"},
        {"--connect-to", "e", "--connect-to: \"e\" names no port: HOST:PORT is accepted"},
        {"--connect-to", "e:0", "--connect-to: \":0\" after the host is not a port"},
        {"--connect-to", "", "--connect-to: the value is empty: HOST:PORT"},
        {"--server-log", "", "--server-log: the value is empty: a file's name"},
        {"--server-pid", "0", "--server-pid: \"0\" is out of bounds: 1..4194304 is accepted"},
        {"--server-pid", "4194305", "--server-pid: \"4194305\" is out of bounds"},
        {"--server-pid", "nginx", "--server-pid: \"nginx\" is not the number"},
        {"--server-status", "ftp://e/", "--server-status: scheme \"ftp\""},
        {"--server-status", "http://u:secret@e/", "--server-status: user names and passwords"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_refused(PARSE(cases[i][0], cases[i][1], "e"), cases[i][2]);
        assert_null(strstr(error, "secret"));
    }
}

static void values_at_their_bounds_are_taken(void **state) {
    (void)state;
    static char *const cases[][2] = {
        {"-c", "1"},
        {"-c", "10M"},
        {"-w", "1"},
        {"-w", "4096"},
        {"--seed", "0"},
        {"--seed", "9223372036854775807"},
        {"-r", "1/1ms"},
        {"-r", "1M/1ms"},
        {"-r", "1/1h"},
        {"-r", "10"},
        {"-d", "0"},
        {"-d", "365d"},
        {"-k", "100ms"},
        {"-k", "24h"},
        {"-i", "0"},
        {"-i", "0..24h"},
        {"--timeout", "1ms"},
        {"--timeout", "24h"},
        {"--label", ""},
        {"-X", "M-SEARCH"},
        {"--json", "-"},
        {"--server-pid", "1"},
        {"--server-pid", "4194304"},
        {"--ui", "auto"},
        {"--label", "gr\xc3\xbc\xc3\x9f"},
        {"-X", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (PARSE(cases[i][0], cases[i][1], "e") != OPTIONS_OK)
            fail_msg("%s %s: %s", cases[i][0], cases[i][1], error);
    assert_int_equal(PARSE("--seed", "9223372036854775807", "e"), OPTIONS_OK);
    assert_int_equal(options.seed, INT64_MAX);
}

static void a_label_has_at_most_200_bytes(void **state) {
    (void)state;
    char label[LABEL_MAX + 2];
    memset(label, 'x', sizeof label - 1);
    label[LABEL_MAX + 1] = '\0';
    assert_refused(PARSE("--label", label, "e"), "--label: \"xxxxxxxx");
    assert_non_null(strstr(error, "has 201 bytes, too long"));
    label[LABEL_MAX] = '\0';
    assert_int_equal(PARSE("--label", label, "e"), OPTIONS_OK);
}

static void quiet_is_no_live_view_and_contradicts_another(void **state) {
    (void)state;
    assert_refused(PARSE("-q", "--ui", "line", "e"), "--ui: \"line\" contradicts quiet");
    assert_refused(PARSE("--ui", "auto", "-q", "e"), "--ui: \"auto\" contradicts quiet");
    assert_int_equal(PARSE("-q", "--ui", "none", "e"), OPTIONS_OK);
    assert_int_equal(options.ui, UI_NONE);
}

static void a_header_is_kept_in_one_form(void **state) {
    (void)state;
    assert_int_equal(PARSE("-H", "X-A:1", "-H", "x-b: \t two  words \t", "-H", "Empty:", "-H",
                           "C:d:e", "-H", "Content-Length: 0", "-H", "Connection: close", "-H",
                           "L: gr\xfc\xdf\tx", "e"),
                     OPTIONS_OK);
    static const char *const kept[] = {"X-A: 1",          "x-b: two  words",   "Empty:",
                                       "C: d:e",          "Content-Length: 0", "Connection: close",
                                       "L: gr\xfc\xdf\tx"};
    assert_int_equal(options.header.count, 7);
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(options.header.items[i], kept[i]);
}

static void a_bad_header_is_refused(void **state) {
    (void)state;
    static char *const cases[][2] = {
        {"", "-H: \"\" has no ':': 'NAME: VALUE' or @FILE is accepted"},
        {"Foo", "-H: \"Foo\" has no ':'"},
        {"Authorization Basic secret", "-H: \"Authorization ...\" has no ':'"},
        {"Bearer secret: x", "-H: \"Bearer ...\" is not a header's name"},
        {": x", "-H: \"\" is not a header's name"},
        {"Foo : x", "-H: \"Foo \" is not a header's name"},
        {" Foo: x", "-H: \" Foo\" is not a header's name"},
        {"F\xc3\xb6o: x", "-H: \"F\xc3\xb6o\" is not a header's name"},
        {"A: b\r\nC: d", "-H: the value of \"A\" has a control character (0x0D, byte 2)"},
        {"A: b\n", "-H: the value of \"A\" has a control character (0x0A"},
        {"A\r\n: b", "-H: \"A\\x0D\\x0A\" is not a header's name"},
        {"A: \x01", "-H: the value of \"A\" has a control character (0x01"},
        {"Authorization: secret\x7f", "-H: the value of \"Authorization\" has a control character"},
        {"transfer-encoding: chunked", "-H: Transfer-Encoding is refused"},
        {"Transfer-Encoding:", "-H: Transfer-Encoding is refused"},
        {"Content-Length: 5",
         "--header: \"Content-Length: 5\" is refused: the request's body has 0 bytes (--body"},
        {"content-length: 0, 0", "-H: Content-Length \"0, 0\" is refused"},
        {"Content-Length:", "-H: Content-Length \"\" is refused"},
        {"@", "-H: a file name is missing after '@'"},
        {"@/no/such/file", "-H: cannot open \"/no/such/file\": No such file or directory"},
        {"@/", "-H: cannot read \"/\": Is a directory"},
        {"@/dev/zero", "-H: \"/dev/zero\" is longer than the 1 MiB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_refused(PARSE("-H", cases[i][0], "e"), cases[i][1]);
        assert_null(strstr(error, "secret"));
    }
}

static void a_hundred_headers_are_enough(void **state) {
    (void)state;
    char *words[2 * HEADERS_MAX + 4];
    size_t count = 0;
    for (size_t i = 0; i < HEADERS_MAX; i++) {
        words[count++] = "-H";
        words[count++] = "A: b";
    }
    words[count++] = "e";
    words[count] = NULL;
    assert_int_equal(parse(COMMAND_RUN, words), OPTIONS_OK);
    assert_int_equal(options.header.count, HEADERS_MAX);
    words[count - 1] = "-HA:b";
    assert_refused(parse(COMMAND_RUN, words), "-H: more than 100 headers");
}

static char path[] = "/tmp/holdfast-options-XXXXXX";

static char *file_of(const void *bytes, size_t length) {
    strcpy(path, "/tmp/holdfast-options-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    close(fd);
    return path;
}

static void headers_come_from_a_file_one_a_line(void **state) {
    (void)state;
    static const char text[] = "\xef\xbb\xbf# mine\r\n\r\nA: 1\r\n  \t\nB:2 # no comment ; here\n"
                               "  # indented\nC: 3";
    char argument[64];
    snprintf(argument, sizeof argument, "@%s", file_of(text, sizeof text - 1));
    assert_int_equal(PARSE("-H", "Z: 0", "-H", argument, "e"), OPTIONS_OK);
    unlink(path);
    assert_int_equal(options.header.count, 4);
    assert_string_equal(options.header.items[0], "Z: 0");
    assert_string_equal(options.header.items[1], "A: 1");
    assert_string_equal(options.header.items[2], "B: 2 # no comment ; here");
    assert_string_equal(options.header.items[3], "C: 3");
}

static void a_bad_line_of_a_header_file_is_named(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        const char *said;
    } cases[] = {
        {"A: 1\n\nB\n", 8, ":3: \"B\" has no ':'"},
        {"A: 1\n B: 2\n", 11, ":2: \" B\" is not a header's name"},
        {"A: 1\rB: 2\n", 10, ":1: the line has a CR inside"},
        {"A: 1\0B\n", 7, ":1: the line has a NUL byte"},
        {"@other\n", 7, ":1: \"@other\" has no ':'"},
        {"#\nTransfer-Encoding: x", 22, ":2: Transfer-Encoding is refused"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char argument[64], said[256];
        snprintf(argument, sizeof argument, "@%s", file_of(cases[i].text, cases[i].length));
        snprintf(said, sizeof said, "%s%s", path, cases[i].said);
        enum options_outcome outcome = PARSE("-H", argument, "e");
        unlink(path);
        assert_refused(outcome, said);
    }
}

/* The ranks of batch engines count from 0; mpirun's stands before Slurm's, inside whose allocation
 * it may run. */
static void a_batch_engine_says_which_part_this_is(void **state) {
    (void)state;
    static const struct {
        const char *variables[4], *value;
        uint32_t part, parts; /* parts 0: refused */
        const char *refusal;
    } cases[] = {
        {{"OMPI_COMM_WORLD_RANK=0", "OMPI_COMM_WORLD_SIZE=2"}, "auto", 1, 2, NULL},
        {{"SLURM_PROCID=3", "SLURM_NTASKS=4"}, "auto", 4, 4, NULL},
        {{"OMPI_COMM_WORLD_RANK=5", "OMPI_COMM_WORLD_SIZE=8", "SLURM_PROCID=0", "SLURM_NTASKS=1"},
         "auto",
         6,
         8,
         NULL},
        {{"PMI_RANK=1", "PMI_SIZE=2"}, "auto", 2, 2, NULL},
        {{"JOB_COMPLETION_INDEX=2"}, "/3", 3, 3, NULL},
        {{"SLURM_PROCID=1", "SLURM_NTASKS=9"}, "/2", 2, 2, NULL},
        {{"JOB_COMPLETION_INDEX=2"},
         "auto",
         0,
         0,
         "a Kubernetes Indexed Job does not tell how many"},
        {{"JOB_COMPLETION_INDEX=3"}, "/3", 0, 0, "JOB_COMPLETION_INDEX is 3, of 3 parts"},
        {{"SLURM_PROCID=1"}, "auto", 0, 0, "SLURM_NTASKS is not set"},
        {{"SLURM_PROCID=", "SLURM_NTASKS=2"}, "auto", 0, 0, "SLURM_PROCID is \"\", which is not"},
        {{"PMI_RANK=x", "PMI_SIZE=2"}, "auto", 0, 0, "PMI_RANK is \"x\", which is not a number"},
        {{"PMI_RANK=0", "PMI_SIZE=9999"}, "auto", 0, 0, "is out of bounds"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char copies[4][64];
        for (int j = 0; j < 4 && cases[i].variables[j] != NULL; j++) {
            char *equals = strchr(strcpy(copies[j], cases[i].variables[j]), '=');
            *equals = '\0';
            setenv(copies[j], equals + 1, 1);
        }
        if (cases[i].parts > 0) {
            assert_int_equal(PARSE("--shard", (char *)cases[i].value, "e"), OPTIONS_OK);
            assert_int_equal(options.shard.part, cases[i].part);
            assert_int_equal(options.shard.parts, cases[i].parts);
        } else {
            assert_int_equal(PARSE("--shard", (char *)cases[i].value, "e"), OPTIONS_BAD);
            if (strstr(error, cases[i].refusal) == NULL)
                fail_msg("%s", error);
        }
        for (int j = 0; j < 4 && cases[i].variables[j] != NULL; j++)
            unsetenv(copies[j]);
    }
}

static void a_start_is_a_time_or_so_long_from_now(void **state) {
    (void)state;
    wall_time before = wall_time_now();
    assert_int_equal(PARSE("--start-at", "+30s", "e"), OPTIONS_OK);
    assert_in_range(options.start_at - 30 * SECOND, before, wall_time_now());
    assert_int_equal(PARSE("--start-at", "2001-09-09T01:46:40Z", "e"), OPTIONS_OK); /* has passed */
    assert_int_equal(options.start_at, 1000000000 * SECOND);
    assert_int_equal(PARSE("e"), OPTIONS_OK);
    assert_int_equal(options.start_at, 0);
}

static void a_keepalive_is_a_duration_or_auto(void **state) {
    (void)state;
    char buffer[OPTION_VALUE_MAX];
    assert_int_equal(PARSE("-k", "auto", "e"), OPTIONS_OK);
    assert_int_equal(options.keepalive, 0);
    assert_string_equal(option_value(&options, &option_rows[ROW_keepalive], buffer), "auto");
    assert_answered(PARSE("-k", "0", "e"), "out of bounds: 100ms..24h is accepted");
    assert_answered(PARSE("-k", "0", "e"), "; or auto");
    assert_answered(parse(COMMAND_CHECK, (char *const[]){"-k", "auto", "e", NULL}),
                    "holdfast probe tells");
}

static void a_probe_has_options_of_its_own(void **state) {
    (void)state;
    assert_int_equal(parse(COMMAND_PROBE, (char *const[]){"--for", "20s", "--gentle", "e", NULL}),
                     OPTIONS_OK);
    assert_int_equal(options.for_, 20 * SECOND);
    assert_true(options.gentle);
    assert_int_equal(options.connections, 32);
    assert_refused(PARSE("--for", "20s", "e"), "--for: not an option of holdfast run");
    assert_refused(parse(COMMAND_PROBE, (char *const[]){"-d", "5s", "e", NULL}),
                   "-d: not an option of holdfast probe");
    assert_refused(parse(COMMAND_PROBE, (char *const[]){"--schema", "e", NULL}),
                   "--schema stands alone");
    assert_refused(parse(COMMAND_PROBE, (char *const[]){NULL}), "no URL");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_those_of_the_table),
        cmocka_unit_test(options_and_the_url_stand_in_any_order),
        cmocka_unit_test(help_and_version_end_the_reading),
        cmocka_unit_test(exactly_one_url_is_taken),
        cmocka_unit_test(an_option_is_no_file),
        cmocka_unit_test(names_are_not_abbreviated),
        cmocka_unit_test(each_habit_of_another_tool_is_answered_by_what_it_is_here),
        cmocka_unit_test(a_long_option_with_one_dash_is_answered_with_two),
        cmocka_unit_test(values_of_other_tools_are_answered_by_what_they_are_here),
        cmocka_unit_test(values_are_taken_as_they_are_usually_written),
        cmocka_unit_test(an_unknown_option_is_refused_by_name),
        cmocka_unit_test(a_command_refuses_what_only_another_one_takes),
        cmocka_unit_test(a_count_of_requests_ends_the_hold_unless_a_duration_does),
        cmocka_unit_test(a_body_is_read_whole_and_once),
        cmocka_unit_test(a_body_that_is_too_long_or_not_there_is_refused),
        cmocka_unit_test(a_length_given_is_the_bodys),
        cmocka_unit_test(what_may_be_there_once_is_refused_twice),
        cmocka_unit_test(an_older_report_is_read_whatever_was_asked_then),
        cmocka_unit_test(a_method_that_cannot_work_is_refused),
        cmocka_unit_test(a_rate_and_an_interval_exclude_each_other),
        cmocka_unit_test(an_option_is_given_once),
        cmocka_unit_test(a_value_is_there_where_it_belongs_and_nowhere_else),
        cmocka_unit_test(values_out_of_bounds_name_what_is_accepted),
        cmocka_unit_test(values_at_their_bounds_are_taken),
        cmocka_unit_test(a_label_has_at_most_200_bytes),
        cmocka_unit_test(quiet_is_no_live_view_and_contradicts_another),
        cmocka_unit_test(a_batch_engine_says_which_part_this_is),
        cmocka_unit_test(a_start_is_a_time_or_so_long_from_now),
        cmocka_unit_test(a_header_is_kept_in_one_form),
        cmocka_unit_test(a_bad_header_is_refused),
        cmocka_unit_test(a_hundred_headers_are_enough),
        cmocka_unit_test(headers_come_from_a_file_one_a_line),
        cmocka_unit_test(a_bad_line_of_a_header_file_is_named),
        cmocka_unit_test(a_keepalive_is_a_duration_or_auto),
        cmocka_unit_test(a_probe_has_options_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, free_options);
}
