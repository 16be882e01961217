/* /api/v1/statistics: times in seconds, as measured from the send to the last byte. */
#include "serve/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/memory_stream.h"
#include "report/saved/saved_value.h"

/* Where reading stands, and what was asked for. */
struct reading {
    struct saved_place place;
    const struct json_t *report;
    char error[256];
};

/* How long answers are waited for, in ms: beside the ramp of 1 ms, within --max-duration. */
static long long timeout_ms(const struct config_limits *limits) {
    static const duration most = STATISTICS_TIMEOUT_SECONDS * SECOND, ramp = 1 * MILLISECOND;
    bool bounded = limits->time != 0 && limits->time < most + ramp;
    long long ms = (bounded ? limits->time - ramp : most) / MILLISECOND;
    return ms > 0 ? ms : 1;
}

bool statistics_words(struct words *words, const struct json_t *object,
                      const struct config_limits *limits, struct refuse_buffer to) {
    const char *url = saved_value_string(saved_value_member(object, "requestUrl"));
    const struct json_t *given = saved_value_member(object, "count");
    char buffer[32], *end;
    const char *text = given != NULL ? saved_value_written(given, buffer) : NULL;
    unsigned long long count = text != NULL ? strtoull(text, &end, 10) : 0;
    if (url == NULL)
        return refuse(to, "\"requestUrl\": a URL is needed, such as \"http://127.0.0.1:8080/\"");
    for (const char *at = url; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return refuse(to, "\"requestUrl\": a URL of one line is accepted");
    if (text == NULL || text[0] < '0' || text[0] > '9' || *end != '\0' || count == 0 ||
        count > limits->connections)
        return refuse(to, "\"count\": a whole number of 1..%llu is accepted",
                      (unsigned long long)limits->connections);
    words_add(words, "--connections=%llu", count);
    words_add(words, "--ramp=%llu/1ms", count);
    words_add(words, "--requests=%llu", count);
    words_add(words, "--interval=24h"); /* each connection asks once */
    words_add(words, "--method=GET");
    words_add(words, "--timeout=%lldms", timeout_ms(limits));
    words_add(words, "--duration=%lldms", timeout_ms(limits));
    words_add(words, "--");
    words_add(words, "%s", url);
    return !words->failed || refuse(to, "out of memory");
}

static double seconds_of(const struct timespec *time) {
    return (double)time->tv_sec + (double)time->tv_nsec / 1e9;
}

/* From the first connect to the last answer: the freeze waits for it, the drain comes after. */
static double time_taken(struct reading *reading, double longest) {
    const struct json_t *run = saved_value_object(&reading->place, reading->report, "run");
    struct timespec started = saved_value_time_if(&reading->place, run, "started_at");
    struct timespec ended = saved_value_time_if(&reading->place, run, "ended_at");
    double drain = saved_value_seconds_if(&reading->place, run, "drain_seconds");
    double taken = seconds_of(&ended) - seconds_of(&started) - (isnan(drain) ? 0 : drain);
    return fmax(taken, longest);
}

/* Answers below 400. */
static uint64_t good_answers(struct reading *reading, const struct json_t *requests) {
    struct saved_value_step step = {0};
    const struct json_t *statuses = saved_value_object_if(&reading->place, requests, "by_status");
    uint64_t good = 0;
    while (statuses != NULL && saved_value_next(statuses, &step))
        if (step.name[0] < '4')
            good += saved_value_to_count(&reading->place, step.value, step.name);
    return good;
}

static double figure(struct reading *reading, const struct json_t *times, const char *name) {
    return saved_value_seconds_if(&reading->place, times, name);
}

static void write_figures(struct json_writer *json, struct reading *reading) {
    static const char *const names[][2] = {{"average", "mean"}, {"max", "max"}, {"min", "min"},
                                           {"median", "p50"},   {"p90", "p90"}, {"p95", "p95"},
                                           {"p99", "p99"}};
    struct saved_place *place = &reading->place;
    const struct json_t *requests = saved_value_object(place, reading->report, "requests");
    const struct json_t *times = saved_value_object(place, reading->report, "service_seconds");
    const struct json_t *connections = saved_value_object(place, reading->report, "connections");
    uint64_t total = saved_value_count_if(place, connections, "target");
    uint64_t answered = saved_value_count_if(place, requests, "answered");
    uint64_t good = good_answers(reading, requests);
    double taken = time_taken(reading, fmax(figure(reading, times, "max"), 0));
    json_write_object(json);
    json_write_number_member(json, "throughput", taken > 0 ? (double)answered / taken : NAN);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_write_number_member(json, names[i][0], figure(reading, times, names[i][1]));
    json_write_number_member(json, "error_rate",
                             total > 0 ? (double)(total - good) / (double)total : NAN);
    json_write_uint_member(json, "total", total);
    json_write_uint_member(json, "failures", total > good ? total - good : 0);
    json_write_object_end(json);
}

/* Whether requests were sent; then what came of them is for the figures to say. */
static bool was_measured(struct reading *reading, char *message, size_t size) {
    const struct json_t *verdict = saved_value_object(&reading->place, reading->report, "verdict");
    const char *result = saved_value_text_if(&reading->place, verdict, "result");
    const struct json_t *reasons = saved_value_array_if(&reading->place, verdict, "reasons");
    const char *reason = saved_value_string(saved_value_at(reasons, 0));
    const struct json_t *requests =
        saved_value_object(&reading->place, reading->report, "requests");
    if (saved_value_count_if(&reading->place, requests, "sent") > 0)
        return true;
    snprintf(message, size, "%s%s%s", result != NULL ? result : "no result",
             reason != NULL ? ": " : "", reason != NULL ? reason : "");
    return false;
}

static void write_answer(FILE *out, struct reading *reading, const struct run_id *id,
                         const char *message) {
    struct json_writer json;
    char chart[80], why[512];
    snprintf(why, sizeof why, "%s", message[0] != '\0' ? message : "it ended without a report");
    bool measured = reading->report != NULL && was_measured(reading, why, sizeof why);
    snprintf(chart, sizeof chart, "/api/v1/runs/%s/times.svg", id->text);
    json_write_begin(&json, out, false);
    json_write_object(&json);
    json_write_int_member(&json, "status", measured ? 0 : 1);
    json_write_string_member(&json, "msg", measured ? "ok" : why);
    json_write_name(&json, "datas");
    json_write_array(&json);
    if (measured)
        write_figures(&json, reading);
    json_write_array_end(&json);
    json_write_string_member(&json, "chart", measured ? chart : NULL);
    json_write_string_member(&json, "run", id->text);
    json_write_object_end(&json);
    json_write_end(&json);
}

char *statistics_answer(const char *report, size_t report_length, const struct run_id *id,
                        const char *message, size_t *length) {
    struct memory_stream stream;
    struct saved_value_fault fault;
    struct reading reading = {.report = NULL};
    reading.place.to = (struct refuse_buffer){reading.error, sizeof reading.error};
    struct json_t *document =
        report != NULL ? saved_value_parse(report, report_length, &fault) : NULL;
    reading.report = document;
    bool open = memory_stream_open(&stream);
    if (open)
        write_answer(stream.out, &reading, id, message);
    if (document != NULL)
        saved_value_free(document);
    if (!open || !memory_stream_close(&stream))
        return NULL;
    *length = stream.length;
    return stream.text;
}
