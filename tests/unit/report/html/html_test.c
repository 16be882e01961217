/* The HTML report: whole, in order, and of what others wrote only text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/verdict/capacity.h"
#include "report/fixture.h"
#include "report/html/html.h"

static const char *html_of(struct fixture *fixture, const struct record *record) {
    FILE *out = fixture_stream(fixture);
    assert_int_equal(report_html(out, &fixture->plan, record, &fixture->judgement), 0);
    fclose(out);
    return fixture->text;
}

static void its_parts_stand_in_order(void **state) {
    struct fixture *fixture = *state;
    static const char *const parts[] = {
        "<!DOCTYPE html>",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        "<h1>BROKE</h1>",
        "<h2>Requirements</h2>",
        "opened&gt;=100%",
        "<h2>Over time</h2>",
        "<h2>How connections ended</h2>",
        "<h2>Survival</h2>",
        "<h2>Findings</h2>",
        "<h2>Percentile spectrum</h2>",
        "<h2>Plan and environment</h2>",
        "<details>",
        "\"schema\": \"holdfast/1\"",
        "</html>\n"};
    const char *at = html_of(fixture, &fixture->record);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        at = assert_says(at, parts[i]);
    assert_null(strstr(fixture->text, "<script"));
    assert_null(strstr(fixture->text, "src="));
}

static void the_machine_and_what_it_needed_are_shown(void **state) {
    struct fixture *fixture = *state;
    static const char *const rows[] = {"<td class=\"k soft\">cpus</td><td class=\"v\">2</td>",
                                       ">cpu_quota</td><td class=\"v\">1.5</td>",
                                       ">cpu_model</td><td class=\"v\">Some CPU @ 2 GHz</td>",
                                       ">memory_limit_bytes</td><td class=\"v\">2147483648</td>",
                                       ">engine</td><td class=\"v\">io_uring</td>",
                                       ">cpu_seconds</td><td class=\"v\">0.75</td>"};
    const char *html = html_of(fixture, &fixture->record);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_says(html, rows[i]);
}

static void a_narrow_window_names_each_column(void **state) {
    struct fixture *fixture = *state;
    const char *html = html_of(fixture, &fixture->record);
    assert_says(html, "<td class=\"n\" data-label=\"measured\">97 %</td>"
                      "<td class=\"k\" data-label=\"required\">at least 100 %</td>");
    assert_says(html, "<td class=\"n\" data-label=\"of attempted\">94 %</td>");
    assert_null(strstr(html, "class=\"opt\""));
}

static void times_have_a_column_each_of_those_there_are(void **state) {
    struct fixture *fixture = *state;
    const char *html = html_of(fixture, &fixture->record);
    assert_says(html, "<th class=\"n\">latency, from due</th><th class=\"n\">service, from "
                      "send</th><th class=\"n\">connect</th></tr>");
    assert_says(html, "<td class=\"k\">count</td><td class=\"n\">500</td><td class=\"n\">500</td>"
                      "<td class=\"n\">97</td></tr>");
    histogram_add(&fixture->record.total.handshake, 3 * MILLISECOND);
    assert_says(html_of(fixture, &fixture->record), "<th class=\"n\">TLS handshake</th></tr>");
}

/* The ramp's own rise is no dip behind it. */
static void the_chart_of_connections_rises_from_nothing(void **state) {
    struct fixture *fixture = *state;
    fixture->record.timeline.samples[0].live = 97;
    fixture->record.timeline.extremes[0].live_min = 0;
    fixture->record.timeline.extremes[0].live_max = 97;
    const char *html = html_of(fixture, &fixture->record);
    const char *chart = assert_says(html, "<title>0 s\nlive 0\nclosed 0\nerrored 0</title>");
    assert_says(chart, "<title>1.00 s\nlive 97\n");
    assert_silent(html, "live 97 (0 to 97)");
    assert_says(html, "<path class=\"line s1\" d=\"M0 100L");
    fixture->record.timeline.interval = 2 * SECOND; /* of more than the ramp */
    assert_says(html_of(fixture, &fixture->record), "class=\"band");
}

static void a_second_of_a_chart_shows_its_values(void **state) {
    struct fixture *fixture = *state;
    assert_says(html_of(fixture, &fixture->record),
                "<title>2.00 s\nlive 94\nclosed 2\nerrored 4</title>");
}

static void a_search_has_its_answer_on_top_and_its_steps(void **state) {
    struct fixture *fixture = *state;
    struct capacity_step steps[] = {
        {.connections = 100, .result = CAPACITY_HELD, .ran = true, .opened = 100, .live = 100},
        {.connections = 200,
         .result = CAPACITY_BROKE,
         .ran = true,
         .opened = 200,
         .live = 120,
         .lost = 80,
         .cause = {.known = true, .side = SIDE_SERVER, .code = "<code>", .text = "80 & more"}}};
    struct capacity capacity = {.count = 2,
                                .steps = steps,
                                .hold = 5 * SECOND,
                                .answer = 100,
                                .broke = &steps[1],
                                .cause = steps[1].cause};
    fixture->judgement.capacity = &capacity;
    fixture->judgement.verdict = VERDICT_HELD;
    const char *html = html_of(fixture, &fixture->record);
    assert_says(html, "<title>holdfast: CAPACITY 100 connections, http://127.0.0.1:8080/</title>");
    assert_says(html, "<h1>CAPACITY 100 connections</h1>");
    assert_says(html, "the server, at 200 connections: &lt;code&gt;");
    assert_says(html, "<title>200\nlive 120\nasked 200</title>");
    assert_says(html, "<td class=\"k bad\">✗ broke</td>");
    assert_says(html, "<td class=\"v\">server: &lt;code&gt;: 80 &amp; more</td>");
    assert_says(html, "<h2>The step of 100</h2>");
    capacity = (struct capacity){.count = 0, .hold = SECOND};
    assert_says(html_of(fixture, NULL), "<h1>NONE HELD no step came to its end</h1>");
}

static void statuses_are_told_apart(void **state) {
    struct fixture *fixture = *state;
    fixture->record.total.counts.statuses[200] = 2520;
    fixture->record.total.counts.statuses[503] = 138;
    assert_says(html_of(fixture, &fixture->record),
                ". Answers by status: 2\u202f520 of 200, 138 of 503</p>");
}

static void what_a_server_said_is_text(void **state) {
    struct fixture *fixture = *state;
    static const char hostile[] = "<script>alert(1)</script>\"'&\x1b\xff";
    snprintf(fixture->judgement.target.server, sizeof fixture->judgement.target.server, "%s",
             hostile);
    findings_add(&fixture->judgement.findings, FINDING_target, FINDING_WARN, "%s", hostile);
    fixture->options.label = hostile;
    const char *html = html_of(fixture, &fixture->record);
    assert_null(strstr(html, "<script"));
    assert_null(strchr(html, '\x1b'));
    assert_says(html, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;");
}

static void marks_stand_on_every_chart_over_time(void **state) {
    struct fixture *fixture = *state;
    struct marks *marks = &fixture->record.marks;
    size_t at = marks_add(marks, MARK_EXEC, "echo <b>", &(struct mark_look){1.5, 0, 0});
    marks_see(marks, &(struct mark_look){2, 3, 3});
    marks_exited(marks, at, 0);
    const char *html = html_of(fixture, &fixture->record);
    assert_says(html, "<li>at 1.50 s, echo &lt;b&gt;: exit 0; 3 lost within 500 ms, never all "
                      "refilled</li>");
    size_t charts = 0;
    for (const char *label = html; (label = strstr(label, ">1 echo &lt;b&gt;<")) != NULL; label++)
        charts++;
    assert_int_equal(charts, 7);
}

static void statuses_are_drawn_over_time_and_named_on_top(void **state) {
    struct fixture *fixture = *state;
    memset(fixture->record.total.counts.statuses, 0, sizeof fixture->record.total.counts.statuses);
    fixture->record.total.counts.statuses[503] = 500;
    fixture->record.timeline.samples[0].statuses[STATUS_CLASS_5XX] = 7;
    fixture->record.timeline.samples[1].statuses[STATUS_CLASS_5XX] = 7;
    fixture->record.timeline.samples[1].client_per_second = 0;
    fixture->judgement.verdict = VERDICT_HELD;
    const char *html = html_of(fixture, &fixture->record);
    assert_says(html, "<header class=\"verdict warn\">\n<h1>HELD, but answered 503: 100 %</h1>");
    assert_says(html, "<span>Statuses</span><b>503: 100\xc2\xa0%</b><small>of 500 answers</small>");
    assert_says(html, "answers a second, by the class of their status");
    assert_says(html, "<b>5xx</b> 0.0 /s to 7.0 /s");
    for (size_t i = 0; i < fixture->record.timeline.count; i++) /* an older version's */
        for (int class = 0; class < STATUS_CLASS_COUNT; class ++)
            fixture->record.timeline.samples[i].statuses[class] = NAN;
    assert_null(strstr(html_of(fixture, &fixture->record), "by the class of their status"));
}

/* The end of a short ramp, with all first answers at once, and of a hold. */
static void a_moment_is_no_second_of_statuses(void **state) {
    struct fixture *fixture = *state;
    static const struct timeline_sample samples[] = {
        {.t = 0.01, .client_per_second = NAN, .statuses = {500}},
        {.t = 1.01, .client_per_second = 10, .statuses = {510}},
        {.t = 2.01, .client_per_second = 20, .statuses = {530}},
        {.t = 2.02, .client_per_second = 20, .statuses = {534}}};
    timeline_init(&fixture->record.timeline, SECOND);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        timeline_push(&fixture->record.timeline, &samples[i]);
    assert_says(html_of(fixture, &fixture->record), "<b>2xx</b> 10.0 /s to 23.8 /s");
}

static void without_load_there_is_no_chart(void **state) {
    struct fixture *fixture = *state;
    fixture->judgement.verdict = VERDICT_UNFIT;
    fixture->judgement.requirement_count = 0;
    const char *html = html_of(fixture, NULL);
    assert_says(html, "<h1>UNFIT</h1>");
    assert_says(html, "</html>");
    assert_null(strstr(html, "<figure"));
}

static void a_run_without_a_sample_says_so(void **state) {
    struct fixture *fixture = *state;
    timeline_init(&fixture->record.timeline, SECOND);
    assert_says(html_of(fixture, &fixture->record), "It was over before the first sample.");
}

static void a_run_without_an_answer_says_so(void **state) {
    struct fixture *fixture = *state;
    tally_clear(&fixture->record.total);
    assert_says(html_of(fixture, &fixture->record), "Not measured: there was no answer.");
}

static const char *csv_of(struct fixture *fixture, const struct record *record) {
    FILE *out = fixture_stream(fixture);
    assert_int_equal(report_csv(out, &fixture->plan, record, &fixture->judgement), 0);
    fclose(out);
    return fixture->text;
}

static void csv_has_a_line_for_each_sample(void **state) {
    struct fixture *fixture = *state;
    const char *csv = csv_of(fixture, &fixture->record);
    assert_int_equal(strncmp(csv, "t,live,connecting,closed,errored,client_per_second,", 51), 0);
    assert_says(csv, "\r\n1,97,0,0,3,97,,");
    assert_says(csv, "\r\n2,94,0,2,4,,,");
    assert_null(strchr(csv_of(fixture, NULL), '1'));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(its_parts_stand_in_order),
        WITH_FIXTURE(the_machine_and_what_it_needed_are_shown),
        WITH_FIXTURE(a_narrow_window_names_each_column),
        WITH_FIXTURE(times_have_a_column_each_of_those_there_are),
        WITH_FIXTURE(a_second_of_a_chart_shows_its_values),
        WITH_FIXTURE(the_chart_of_connections_rises_from_nothing),
        WITH_FIXTURE(a_search_has_its_answer_on_top_and_its_steps),
        WITH_FIXTURE(statuses_are_told_apart),
        WITH_FIXTURE(what_a_server_said_is_text),
        WITH_FIXTURE(statuses_are_drawn_over_time_and_named_on_top),
        WITH_FIXTURE(marks_stand_on_every_chart_over_time),
        WITH_FIXTURE(a_moment_is_no_second_of_statuses),
        WITH_FIXTURE(without_load_there_is_no_chart),
        WITH_FIXTURE(a_run_without_a_sample_says_so),
        WITH_FIXTURE(a_run_without_an_answer_says_so),
        WITH_FIXTURE(csv_has_a_line_for_each_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
