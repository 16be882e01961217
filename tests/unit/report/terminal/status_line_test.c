/* The plain live line, and how a stream's style is decided. */
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "options/options.h"
#include "report/fixture.h"
#include "report/terminal/status_line.h"

/* The line with its time checked and taken off. */
static const char *line_of(struct fixture *fixture, const struct status_line *line) {
    static char text_of_line[STATUS_LINE_MAX];
    (void)fixture;
    status_line_text(text_of_line, sizeof text_of_line, line);
    static const char shape[] = "time=dddd-dd-ddTdd:dd:ddZ ";
    const char *text = text_of_line;
    for (size_t i = 0; shape[i] != '\0'; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != shape[i])
            fail_msg("no time at the start: %s", text);
    }
    return text + strlen(shape);
}

static void the_keys_stand_in_the_contracts_order(void **state) {
    assert_string_equal(
        line_of(*state,
                &(struct status_line){
                    .drained = -1,
                    .phase = "hold",
                    .t = 12.04,
                    .live = 9997,
                    .connecting = 1,
                    .closed = 2,
                    .errored = 3,
                    .client_rps = 644.84,
                    .server_rps = 643,
                    .p50_ms = 0.41,
                    .p99_ms = 3.1,
                    .files_used = 10024,
                    .files_limit = 20000,
                    .ports_used = 10000,
                    .ports_have = 28232,
                    .cpu_pct = 2,
                    .lag_ms = 0.2,
                    .statuses = {11334, 1522, 1522, 2, false, {{200, 9812}, {503, 1522}}}}),
        "phase=hold t=12.0 live=9997 connecting=1 closed=2 errored=3 "
        "client_rps=644.8 server_rps=643.0 p50_ms=0.410 p99_ms=3.100 "
        "fds=10024/20000 ports=10000/28232 cpu_pct=2.0 lag_ms=0.200 statuses=200:9812,503:1522");
}

static void what_is_not_measured_is_a_dash(void **state) {
    assert_string_equal(line_of(*state, &(struct status_line){.drained = -1,
                                                              .phase = "ramp",
                                                              .t = 0,
                                                              .client_rps = NAN,
                                                              .server_rps = NAN,
                                                              .p50_ms = NAN,
                                                              .p99_ms = NAN,
                                                              .files_used = 0,
                                                              .files_limit = -1,
                                                              .ports_used = -1,
                                                              .ports_have = 28232,
                                                              .cpu_pct = NAN,
                                                              .lag_ms = NAN}),
                        "phase=ramp t=0.0 live=0 connecting=0 closed=0 errored=0 "
                        "client_rps=- server_rps=- p50_ms=- p99_ms=- "
                        "fds=0/- ports=-/28232 cpu_pct=- lag_ms=- statuses=-");
}

static void a_drain_says_how_far_it_is(void **state) {
    const char *text = line_of(
        *state,
        &(struct status_line){.phase = "drain", .live = 90, .connecting = 10, .drained = 42});
    const char *end = " drained=42/100";
    assert_string_equal(text + strlen(text) - strlen(end), end);
}

/* A terminal's other side must stay open as long as its stream is asked. */
static struct style style_on_terminal(enum option_color color) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip();
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    FILE *out = fdopen(terminal, "w");
    assert_non_null(out);
    struct style style = style_for(fileno(out), color);
    fclose(out);
    close(master);
    return style;
}

static bool colored_on_terminal(enum option_color color) {
    return style_on_terminal(color).color;
}

static bool colored_on_file(enum option_color color) {
    FILE *out = tmpfile();
    assert_non_null(out);
    bool color_on = style_for(fileno(out), color).color;
    fclose(out);
    return color_on;
}

static void auto_colors_a_terminal_unless_told_not_to(void **state) {
    (void)state;
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    assert_true(colored_on_terminal(COLOR_AUTO));
    assert_false(colored_on_terminal(COLOR_NEVER));
    assert_false(colored_on_file(COLOR_AUTO));
    assert_true(colored_on_file(COLOR_ALWAYS));
    setenv("NO_COLOR", "", 1);
    assert_true(colored_on_terminal(COLOR_AUTO));
    setenv("NO_COLOR", "1", 1);
    assert_false(colored_on_terminal(COLOR_AUTO));
    assert_true(colored_on_terminal(COLOR_ALWAYS));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_false(colored_on_terminal(COLOR_AUTO));
    unsetenv("TERM");
    assert_false(colored_on_terminal(COLOR_AUTO));
}

static void marks_follow_the_locale(void **state) {
    (void)state;
    static const char *const plain[] = {"C", "POSIX", "garbage", "", "no_SUCH.UTF-8"};
    unsetenv("LC_CTYPE");
    unsetenv("LANG");
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        setenv("LC_ALL", plain[i], 1);
        assert_false(style_for(STDERR_FILENO, COLOR_NEVER).utf8);
    }
    locale_t have = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (have == (locale_t)0)
        skip();
    freelocale(have);
    setenv("LC_ALL", "C.UTF-8", 1);
    assert_true(style_for(STDERR_FILENO, COLOR_NEVER).utf8);
    assert_string_equal(setlocale(LC_ALL, NULL), "C"); /* the program's own stays as it is */
}

static void digits_are_grouped_for_a_person_at_a_terminal_that_has_the_space(void **state) {
    (void)state;
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C", 1);
    assert_false(style_on_terminal(COLOR_NEVER).group_digits);
    setenv("LC_ALL", "C.UTF-8", 1);
    if (!style_on_terminal(COLOR_NEVER).utf8)
        skip();
    assert_true(style_on_terminal(COLOR_NEVER).group_digits);
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_false(style_for(fileno(file), COLOR_ALWAYS).group_digits);
    fclose(file);
    setenv("TERM", "linux", 1); /* its font has no such space */
    assert_false(style_on_terminal(COLOR_NEVER).group_digits);
    unsetenv("TERM");
    assert_false(style_on_terminal(COLOR_NEVER).group_digits);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(the_keys_stand_in_the_contracts_order),
        WITH_FIXTURE(what_is_not_measured_is_a_dash),
        WITH_FIXTURE(a_drain_says_how_far_it_is),
        cmocka_unit_test(auto_colors_a_terminal_unless_told_not_to),
        cmocka_unit_test(marks_follow_the_locale),
        cmocka_unit_test(digits_are_grouped_for_a_person_at_a_terminal_that_has_the_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
