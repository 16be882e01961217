/* Writes the target's own pages. */
#include "target/pages.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"

static void write_endings(struct json *json, const struct counters *sum) {
    uint64_t by[3] = {0};
    for (int i = 0; i < ENDINGS; i++)
        by[ending_by((enum ending)i)] += counter_read(&sum->endings[i]);
    json_name(json, "ended");
    json_object(json);
    json_uint_member(json, "by_client", by[ENDING_BY_CLIENT]);
    json_uint_member(json, "by_target", by[ENDING_BY_TARGET]);
    json_uint_member(json, "by_limit", by[ENDING_BY_LIMIT]);
    json_object_end(json);
    json_name(json, "endings");
    json_object(json);
    for (int i = 0; i < ENDINGS; i++)
        json_uint_member(json, ending_name((enum ending)i), counter_read(&sum->endings[i]));
    json_object_end(json);
}

static void write_connections(struct json *json, const struct counters *sum) {
    json_name(json, "connections");
    json_object(json);
    json_uint_member(json, "accepted", counter_read(&sum->accepted));
    json_uint_member(json, "accept_failures", counter_read(&sum->accept_failures));
    json_uint_member(json, "open", counters_open(sum));
    json_uint_member(json, "reading", counter_read(&sum->states[PEER_READING]));
    json_uint_member(json, "delaying", counter_read(&sum->states[PEER_DELAYING]));
    json_uint_member(json, "sending", counter_read(&sum->states[PEER_SENDING]));
    json_uint_member(json, "stalled", counter_read(&sum->states[PEER_STALLED]));
    write_endings(json, sum);
    json_object_end(json);
}

static void write_requests(struct json *json, const struct counters *sum) {
    json_name(json, "requests");
    json_object(json);
    json_uint_member(json, "read", counter_read(&sum->requests));
    json_uint_member(json, "pages", counter_read(&sum->pages));
    json_uint_member(json, "answered", counters_answered(sum));
    json_uint_member(json, "body_bytes", counter_read(&sum->request_body_bytes));
    json_name(json, "by_status");
    json_object(json);
    for (int status = 0; status < COUNTERS_STATUSES; status++) {
        char name[8];
        uint64_t count = counter_read(&sum->statuses[status]);
        snprintf(name, sizeof name, "%d", status);
        if (count > 0)
            json_uint_member(json, name, count);
    }
    json_object_end(json);
    json_object_end(json);
}

static void write_faults(struct json *json, const struct counters *sum,
                         const struct target_settings *settings) {
    json_name(json, "faults");
    json_array(json);
    for (uint32_t i = 0; i < settings->fault_count; i++) {
        json_object(json);
        json_string_member(json, "rule", settings->faults[i].text);
        json_uint_member(json, "connections", counter_read(&sum->fault_connections[i]));
        json_uint_member(json, "fired", counter_read(&sum->fault_fired[i]));
        json_object_end(json);
    }
    json_array_end(json);
}

size_t pages_stats(char buffer[static PAGES_BYTES], const struct shared *shared,
                   const struct target_settings *settings) {
    struct counters sum;
    struct json json;
    FILE *out = fmemopen(buffer, PAGES_BYTES, "w");
    if (out == NULL)
        return 0;
    counters_sum(&sum, shared, settings->workers);
    json_begin(&json, out, true);
    json_object(&json);
    json_string_member(&json, "schema", "holdfast-target/1");
    json_uint_member(&json, "seed", settings->seed);
    json_uint_member(&json, "workers", settings->workers);
    write_connections(&json, &sum);
    write_requests(&json, &sum);
    json_uint_member(&json, "bytes_in", counter_read(&sum.bytes_in));
    json_uint_member(&json, "bytes_out", counter_read(&sum.bytes_out));
    write_faults(&json, &sum, settings);
    json_object_end(&json);
    json_end(&json);
    long length = ftell(out);
    fclose(out);
    return length > 0 ? (size_t)length : 0;
}

/* ngx_http_stub_status_module: active includes the asking connection, which is writing; a request
 * counts from its head on, the asking one too. We never drop what we accepted: handled is accepted.
 */
size_t pages_status(char buffer[static PAGES_BYTES], const struct shared *shared,
                    const struct target_settings *settings) {
    struct counters sum;
    counters_sum(&sum, shared, settings->workers);
    uint64_t accepted = counter_read(&sum.accepted), reading = counter_read(&sum.in_pieces);
    uint64_t writing = counter_read(&sum.states[PEER_DELAYING]) +
                       counter_read(&sum.states[PEER_SENDING]) +
                       counter_read(&sum.states[PEER_STALLED]);
    uint64_t waiting = counter_read(&sum.states[PEER_READING]);
    waiting -= reading < waiting ? reading : waiting;
    int length = snprintf(buffer, PAGES_BYTES,
                          "Active connections: %" PRIu64 " \nserver accepts handled requests\n"
                          " %" PRIu64 " %" PRIu64 " %" PRIu64 " \nReading: %" PRIu64
                          " Writing: %" PRIu64 " Waiting: %" PRIu64 " \n",
                          counters_open(&sum), accepted, accepted, counter_read(&sum.requests),
                          reading, writing, waiting);
    return length > 0 ? (size_t)length : 0;
}
