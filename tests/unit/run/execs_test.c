/* Commands of --exec-at: started at their time, their lines passed on, their exit marked, and none
 * of their processes left behind. */
#include "run/execs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <sys/resource.h>

#include "base/inherited.h"
#include "base/slots.h"
#include "captured.h"
#include "door.h"

enum { OPERATION = 7, WAIT_MS = 20000, OUTPUT_OF_A_SECOND = 256 << 10 };

static struct options options;
static struct plan plan;
static struct marks marks;
static struct notes notes;
static struct screen screen = {.fd = -1};
static struct execs execs;
static struct captured err;
static const struct mark_look look = {.t = 1};

static int set_up(void **state) {
    (void)state;
    door_reset();
    marks = (struct marks){0};
    notes_init(&notes, &screen);
    options = (struct options){0};
    plan = (struct plan){.options = &options};
    capture(&err, stderr);
    return 0;
}

static void make(size_t count, const char *const *commands) {
    for (size_t i = 0; i < count; i++)
        options.exec_at.items[options.exec_at.count++] = commands[i];
    execs_init(&execs, &plan, &marks, &notes, &screen);
    execs_watch(&execs, &door, OPERATION);
}

static void make_one(const char *command) {
    make(1, &command);
    execs_turn(&execs, 0, &look);
}

/* What was printed so far; nothing is kept from here on. */
static const char *printed(void) {
    release(&err);
    return err.text;
}

static bool take_event(size_t index) {
    struct door_armed armed = door.armed[index];
    if (poll(&(struct pollfd){.fd = armed.fd, .events = POLLIN}, 1, 0) != 1)
        return false;
    door.armed[index] = door.armed[--door.armed_count];
    assert_int_equal(slot_tag_operation(armed.tag), OPERATION);
    execs_event(&execs, slot_tag_slot(armed.tag));
    return true;
}

/* Events, one after another, until no descriptor is readable. */
static void take_events(void) {
    for (size_t i = 0; i < door.armed_count;)
        i = take_event(i) ? 0 : i + 1;
}

static void wait_for_exit(size_t index) {
    for (int waited = 0; !execs.items[index].ended; waited++) {
        assert_true(waited < WAIT_MS);
        poll(NULL, 0, 1);
        take_events();
    }
}

static void assert_holds(const char *text, const char *part) {
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void each_command_starts_at_its_time(void **state) {
    (void)state;
    make(2, (const char *const[]){"2s=true", "1s=true"});
    assert_int_equal(execs_due(&execs), SECOND);
    execs_turn(&execs, SECOND - 1, &look);
    assert_int_equal(marks.count, 0);
    execs_turn(&execs, SECOND, &look);
    assert_int_equal(marks.count, 1);
    assert_int_equal(marks.items[0].kind, MARK_EXEC);
    assert_int_equal(execs_due(&execs), 2 * SECOND);
    execs_turn(&execs, 3 * SECOND, &look);
    assert_int_equal(marks.count, 2);
    assert_int_equal(execs_due(&execs), INT64_MAX);
    execs_end(&execs);
    (void)printed();
}

static void the_exit_code_is_marked_and_noted(void **state) {
    (void)state;
    make_one("0s=exit 3");
    assert_int_equal(marks.items[0].exit_code, -1);
    wait_for_exit(0);
    assert_int_equal(marks.items[0].exit_code, 3);
    execs_end(&execs);
    assert_false(marks.items[0].killed);
    assert_holds(printed(), "  note   mark: exit ***: exit 3\n");
}

static void a_signal_counts_as_a_shell_counts_it(void **state) {
    (void)state;
    make_one("0s=kill -TERM $$");
    wait_for_exit(0);
    assert_int_equal(marks.items[0].exit_code, 128 + SIGTERM);
    execs_end(&execs);
    (void)printed();
}

static void whole_lines_are_passed_on_and_the_last_one_at_the_end(void **state) {
    (void)state;
    make_one("0s=printf 'a\\r\\n\\0b\\nrest'");
    wait_for_exit(0);
    take_events();
    assert_int_equal(execs.output.length, strlen("rest"));
    execs_end(&execs);
    const char *text = printed();
    assert_holds(text, "\na\nb\n");
    assert_string_equal(strrchr(text, 'r') - 1, "\nrest\n");
}

static void a_line_without_an_end_is_cut(void **state) {
    (void)state;
    enum { CUT = sizeof execs.output.line - 1 };
    make_one("0s=head -c 1500 /dev/zero | tr '\\0' x");
    wait_for_exit(0);
    execs_end(&execs);
    const char *line = strstr(printed(), "\nx");
    assert_non_null(line);
    assert_int_equal(strspn(line + 1, "x"), CUT);
    assert_non_null(line = strstr(line + CUT, "\nx"));
    assert_int_equal(strspn(line + 1, "x"), 1500 - CUT);
}

static void output_beyond_the_share_of_a_second_waits_for_the_next(void **state) {
    (void)state;
    make_one("0s=yes $(printf %0500d 1)");
    for (int waited = 0; !execs.output.waits; waited++) {
        assert_true(waited < WAIT_MS);
        poll(NULL, 0, 1);
        take_events();
    }
    assert_in_range(execs.output.taken, OUTPUT_OF_A_SECOND, OUTPUT_OF_A_SECOND + 4096);
    assert_null(door_armed_of(&door, execs.output.read_fd));
    execs_tick(&execs);
    assert_int_equal(execs.output.taken, 0);
    assert_non_null(door_armed_of(&door, execs.output.read_fd));
    execs_end(&execs);
    (void)printed();
}

static void the_end_kills_all_that_commands_have_started(void **state) {
    (void)state;
    int process = 0;
    make_one("0s=setsid sleep 1000 & echo pid $!; sleep 1000");
    while (process == 0) {
        poll(NULL, 0, 1);
        take_events();
        char text[4096] = "";
        (void)!pread(err.kept, text, sizeof text - 1, 0);
        const char *line = strstr(text, "pid ");
        process = line != NULL ? atoi(line + 4) : 0;
    }
    assert_int_equal(kill(process, 0), 0);
    execs_end(&execs);
    assert_int_equal(kill(process, 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_true(marks.items[0].killed);
    assert_int_equal(execs.items[0].pid, 0);
    assert_int_equal(execs.output.read_fd, -1);
    (void)printed();
}

static void a_command_whose_time_never_came_is_noted(void **state) {
    (void)state;
    make(1, (const char *const[]){"60s=true"});
    execs_end(&execs);
    assert_int_equal(marks.count, 0);
    assert_int_equal(execs_due(&execs), INT64_MAX);
    assert_holds(printed(), "--exec-at: true: the run was over before its time\n");
}

static void a_command_without_descriptors_is_marked_and_noted(void **state) {
    (void)state;
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    make_one("0s=true");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(marks.count, 1);
    assert_int_equal(marks.items[0].exit_code, -1);
    execs_end(&execs);
    assert_holds(printed(), "mark: true: no process could be had: Too many open files\n");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_command_starts_at_its_time),
        TEST(the_exit_code_is_marked_and_noted),
        TEST(a_signal_counts_as_a_shell_counts_it),
        TEST(whole_lines_are_passed_on_and_the_last_one_at_the_end),
        TEST(a_line_without_an_end_is_cut),
        TEST(output_beyond_the_share_of_a_second_waits_for_the_next),
        TEST(the_end_kills_all_that_commands_have_started),
        TEST(a_command_whose_time_never_came_is_noted),
        TEST(a_command_without_descriptors_is_marked_and_noted),
    };
    inherited_take(); /* which the commands get back */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
