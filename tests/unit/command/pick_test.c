/* From a command line to an exit code, where nothing is asked over a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "captured.h"
#include "command/command.h"

enum { WORDS_MAX = 8 };

static struct captured out, err;

/* The words behind "holdfast"; the exit code. */
static int pick(const char *line) {
    char text[256], *argv[WORDS_MAX + 1] = {"holdfast"}, *rest = NULL;
    int argc = 1;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    capture(&out, stdout);
    capture(&err, stderr);
    int exit_code = command_pick(argc, argv);
    release(&err);
    release(&out);
    return exit_code;
}

static void assert_holds(const char *text, const char *part) {
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

/* Exit code 2, one line on standard error that holds the part, and nothing on standard output. */
static void assert_refused(const char *line, const char *part) {
    assert_int_equal(pick(line), EXIT_USAGE);
    assert_holds(err.text, part);
    assert_string_equal(strchr(err.text, '\n'), "\n");
    assert_string_equal(out.text, "");
}

static void assert_fits(const char *text, const char *of) {
    enum { TERMINAL = 80 };
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        if (strcspn(line, "\n") > TERMINAL)
            fail_msg("%s: wider than %d columns: %s", of, TERMINAL, line);
}

static void every_command_prints_its_help(void **state) {
    static const char *const lines[] = {"--help",          "run --help",    "check --help",
                                        "report --help",   "target --help", "demo --help",
                                        "capacity --help", "probe --help",  "serve --help",
                                        "part --help",     "help",          "-h",
                                        "check -h",        "report -h"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (pick(lines[i]) != EXIT_HELD)
            fail_msg("%s: %s", lines[i], err.text);
        assert_holds(out.text, "Usage: holdfast");
        assert_string_equal(err.text, "");
        assert_fits(out.text, lines[i]);
    }
}

static void a_word_that_is_no_command_is_an_operand_of_run(void **state) {
    (void)state;
    assert_refused("ftp://127.0.0.1/", "ftp");
}

static void a_word_near_a_command_is_no_host(void **state) {
    (void)state;
    assert_refused("rum http://127.0.0.1/", "unknown command \"rum\": did you mean \"run\"?");
    assert_refused("RUN http://127.0.0.1/", "did you mean \"run\"?");
    assert_refused("capasity http://127.0.0.1/", "did you mean \"capacity\"?");
    assert_refused("taget", "did you mean \"target\"?");
    assert_refused("helpp", "did you mean \"help\"?");
    assert_refused("soak http://127.0.0.1/", "unknown command \"soak\": did you mean \"run\"?");
    assert_refused("attack", "did you mean \"run\"?");
    assert_refused("start http://127.0.0.1/", "did you mean \"run\"?");
    assert_refused("stress http://127.0.0.1/", "did you mean \"run\"?");
    assert_refused("merge a.json b.json", "did you mean \"report\"?");
    assert_refused("other http://127.0.0.1/", "unknown command \"other\" (see holdfast help)");
}

static void help_and_version_are_commands(void **state) {
    static const char *const names[] = {
#define COMMAND(name, part, does) #name,
#include "options/commands.def"
#undef COMMAND
    };
    (void)state;
    assert_int_equal(pick("help"), EXIT_HELD);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[32];
        snprintf(line, sizeof line, "\n  %s ", names[i]);
        assert_holds(out.text, line);
    }
    for (const char *at = out.text; *at != '\0'; at += strcspn(at, "\n") + 1)
        assert_true(strcspn(at, "\n") <= 80);
    for (size_t i = 0; i < sizeof names / sizeof names[0] - 2; i++) { /* the last two are these */
        char line[32], help[sizeof out.text];
        snprintf(line, sizeof line, "%s --help", names[i]);
        assert_int_equal(pick(line), EXIT_HELD);
        memcpy(help, out.text, sizeof help);
        snprintf(line, sizeof line, "help %s", names[i]);
        assert_int_equal(pick(line), EXIT_HELD);
        assert_string_equal(out.text, help);
    }
    assert_int_equal(pick("version"), EXIT_HELD);
    assert_holds(out.text, "optional parts built in");
    assert_int_equal(pick("-V"), EXIT_HELD);
    assert_holds(out.text, "optional parts built in");
    assert_refused("help rum", "did you mean \"run\"?");
    assert_refused("help run check", "one command is accepted");
}

static void an_unknown_option_is_refused(void **state) {
    (void)state;
    assert_refused("--nonsense http://127.0.0.1/", "--nonsense");
    assert_refused("check --nonsense http://127.0.0.1/", "--nonsense");
    assert_refused("target --nonsense", "--nonsense");
    assert_refused("report --nonsense", "--nonsense");
}

static void a_value_that_is_no_number_is_refused(void **state) {
    (void)state;
    assert_refused("run -c many http://127.0.0.1/", "many");
}

static void a_run_without_a_target_is_refused(void **state) {
    (void)state;
    assert_int_equal(pick("run"), EXIT_USAGE);
    assert_int_equal(pick("check"), EXIT_USAGE);
}

static void a_target_that_cannot_be_listened_on_is_refused(void **state) {
    (void)state;
    assert_refused("target --listen nowhere", "nowhere");
}

static void a_report_of_no_file_is_refused(void **state) {
    (void)state;
    assert_int_equal(pick("report"), EXIT_USAGE);
    assert_refused("report /nonexistent/run.json", "cannot open");
    assert_refused("report --compare one.json", "--compare");
}

static void a_file_that_is_no_report_is_refused(void **state) {
    (void)state;
    assert_int_equal(pick("report " TEST_SOURCE_DIR "/CMakeLists.txt"), EXIT_USAGE);
    assert_holds(err.text, "CMakeLists.txt");
    assert_string_equal(out.text, "");
}

static void the_modes_of_a_report_exclude_each_other(void **state) {
    (void)state;
    assert_refused("report --compare --merge a b", "one of --compare and --merge");
}

static void a_report_option_is_accepted_once(void **state) {
    (void)state;
    assert_refused("report --json a --json b c", "given twice");
    assert_refused("report c --html", "value is missing");
}

static void schemas_go_to_standard_output(void **state) {
    (void)state;
    assert_int_equal(pick("report --schema"), EXIT_HELD);
    assert_holds(out.text, "$schema");
    assert_int_equal(pick("report --compare --schema"), EXIT_HELD);
    assert_holds(out.text, "$schema");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_prints_its_help),
        cmocka_unit_test(a_word_that_is_no_command_is_an_operand_of_run),
        cmocka_unit_test(a_word_near_a_command_is_no_host),
        cmocka_unit_test(help_and_version_are_commands),
        cmocka_unit_test(an_unknown_option_is_refused),
        cmocka_unit_test(a_value_that_is_no_number_is_refused),
        cmocka_unit_test(a_run_without_a_target_is_refused),
        cmocka_unit_test(a_target_that_cannot_be_listened_on_is_refused),
        cmocka_unit_test(a_report_of_no_file_is_refused),
        cmocka_unit_test(a_file_that_is_no_report_is_refused),
        cmocka_unit_test(the_modes_of_a_report_exclude_each_other),
        cmocka_unit_test(a_report_option_is_accepted_once),
        cmocka_unit_test(schemas_go_to_standard_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
