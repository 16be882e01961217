/* Lines of the protocol, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory_stream.h"
#include "base/version.h"
#include "hosts/message.h"
#include "hosts/remote.h"

static struct message read_back;
static char error[200];

static bool read_text(const char *line) {
    message_free(&read_back);
    error[0] = '\0';
    return message_read(&read_back, line, strlen(line),
                        (struct refuse_buffer){error, sizeof error});
}

/* What was written is one line, which is read. */
static void take(struct memory_stream *written) {
    assert_true(memory_stream_close(written));
    assert_true(written->length > 1);
    assert_ptr_equal(strchr(written->text, '\n'), written->text + written->length - 1);
    written->text[written->length - 1] = '\0';
    assert_true(read_text(written->text));
    free(written->text);
}

static int end(void **state) {
    (void)state;
    message_free(&read_back);
    return 0;
}

static void a_hello_names_its_version(void **state) {
    (void)state;
    struct memory_stream out;
    assert_true(memory_stream_open(&out));
    message_write_hello(out.out);
    take(&out);
    assert_int_equal(read_back.kind, MESSAGE_HELLO);
    assert_int_equal(read_back.protocol, MESSAGE_PROTOCOL);
    assert_string_equal(read_back.version, version_string);
}

static void a_clock_goes_there_and_back(void **state) {
    (void)state;
    struct memory_stream out;
    assert_true(memory_stream_open(&out));
    message_write_ask_clock(out.out, 3);
    take(&out);
    assert_int_equal(read_back.kind, MESSAGE_CLOCK);
    assert_int_equal(read_back.number, 3);
    assert_int_equal(read_back.clock_ns, -1);
    assert_true(memory_stream_open(&out));
    message_write_clock(out.out, 3, INT64_C(1234567890123456789));
    take(&out);
    assert_int_equal(read_back.clock_ns, INT64_C(1234567890123456789));
}

static void a_plan_keeps_its_words(void **state) {
    (void)state;
    struct memory_stream out;
    const char *words[] = {"--header=X: \"a\" \xc3\xa9", "-c=1"};
    assert_true(memory_stream_open(&out));
    message_write_plan(out.out, words, 2, "http://e/");
    take(&out);
    assert_int_equal(read_back.kind, MESSAGE_PLAN);
    assert_int_equal(read_back.word_count, 2);
    assert_string_equal(read_back.words[0], words[0]);
    assert_string_equal(read_back.url, "http://e/");
}

static void a_fit_has_its_room_and_its_findings(void **state) {
    (void)state;
    struct memory_stream out;
    struct judgement *judgement = calloc(1, sizeof *judgement);
    struct findings *findings = calloc(1, sizeof *findings);
    assert_non_null(judgement);
    assert_non_null(findings);
    judgement->exit_code = 3;
    judgement->target.answered = true;
    judgement_reason(judgement, "source ports: too few");
    finding_do(findings_add(&judgement->findings, FINDING_source_ports, FINDING_FAIL, "too few"),
               "sysctl");
    assert_true(memory_stream_open(&out));
    message_write_fit(out.out, false, 77, "ports", judgement);
    take(&out);
    assert_int_equal(read_back.kind, MESSAGE_FIT);
    assert_false(read_back.fits);
    assert_int_equal(read_back.exit_code, 3);
    assert_int_equal(read_back.room, 77);
    assert_int_equal(read_back.asked, 1);
    assert_string_equal(read_back.limit, "ports");
    assert_string_equal(read_back.reason, "source ports: too few");
    message_findings(findings, &read_back);
    assert_int_equal(findings->count, 1);
    assert_string_equal(findings->items[0].todo[0], "sysctl");
    free(judgement);
    free(findings);
}

static void lines_of_a_timeline_are_known_by_what_they_have(void **state) {
    (void)state;
    static const struct {
        const char *line;
        enum message_kind kind;
        int64_t clock_ns;
    } lines[] = {
        {"{\"schema\":\"holdfast-timeline/1\",\"plan\":{}}", MESSAGE_TIMELINE, -1},
        {"{\"begin\":true,\"started_ns\":5}", MESSAGE_TIMELINE, 5},
        {"{\"t\":1.0,\"phase\":\"hold\"}", MESSAGE_TIMELINE, -1},
        {"{\"endings\":{}}", MESSAGE_TIMELINE, -1},
        {"{\"end\":true}", MESSAGE_TIMELINE, -1},
        {"{\"phase\":\"hold\"}", MESSAGE_PHASE, -1},
        {"{\"ready\":true}", MESSAGE_READY, -1},
        {"{\"exit\":3}", MESSAGE_EXIT, -1},
        {"{\"arm\":true}", MESSAGE_ARM, -1},
        {"{\"newer\":1}", MESSAGE_OTHER, -1},
        {"", MESSAGE_OTHER, 0},
        {"Last login: today", MESSAGE_OTHER, 0},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_true(read_text(lines[i].line));
        assert_int_equal(read_back.kind, lines[i].kind);
        assert_int_equal(read_back.clock_ns, lines[i].clock_ns);
    }
}

static void a_phase_is_told_with_a_second_and_alone(void **state) {
    (void)state;
    assert_true(read_text("{\"t\":1.0,\"phase\":\"hold\"}"));
    assert_string_equal(read_back.phase, "hold");
    assert_true(read_text("{\"phase\":\"freeze\"}"));
    assert_string_equal(read_back.phase, "freeze");
    assert_true(read_text("{\"ready\":true}"));
    assert_string_equal(read_back.phase, "");
}

static void what_is_none_is_refused_in_one_line(void **state) {
    (void)state;
    static const char *const lines[] = {"{",
                                        "{\"clock\":\"x\"}",
                                        "{\"clock\":1,\"monotonic_ns\":-4}",
                                        "{\"plan\":[1]}",
                                        "{\"fit\":3}",
                                        "{\"exit\":999}",
                                        "{\"clock\":1,\"monotonic_ns\":9223372036854775807}",
                                        "{\"begin\":true,\"started_ns\":9223372036854775807}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_false(read_text(lines[i]));
        assert_true(strlen(error) > 0);
        assert_null(strchr(error, '\n'));
    }
}

static void a_remote_command_has_its_host_wherever_it_is_asked_for(void **state) {
    (void)state;
    char line[64];
    assert_true(remote_command(line, sizeof line, "x {host} -h {host}", "n1", "holdfast part"));
    assert_string_equal(line, "x n1 -h n1 holdfast part");
    assert_true(remote_command(line, sizeof line, REMOTE_SHELL, "u@n1", "p"));
    assert_string_equal(line, "ssh -oBatchMode=yes u@n1 p");
    assert_false(remote_command(line, 16, "x {host} -h {host}", "n1", "holdfast part"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_names_its_version),
        cmocka_unit_test(a_clock_goes_there_and_back),
        cmocka_unit_test(a_plan_keeps_its_words),
        cmocka_unit_test(a_fit_has_its_room_and_its_findings),
        cmocka_unit_test(lines_of_a_timeline_are_known_by_what_they_have),
        cmocka_unit_test(a_phase_is_told_with_a_second_and_alone),
        cmocka_unit_test(what_is_none_is_refused_in_one_line),
        cmocka_unit_test(a_remote_command_has_its_host_wherever_it_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
