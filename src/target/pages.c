/* Writes the target's own pages. */
#include "target/pages.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json_write.h"

static void write_endings(struct json_writer *json, const struct counters *sum) {
    uint64_t by[3] = {0};
    for (int i = 0; i < ENDINGS; i++)
        by[counters_ending_by((enum counters_ending)i)] += counter_read(&sum->endings[i]);
    json_write_name(json, "ended");
    json_write_object(json);
    json_write_uint_member(json, "by_client", by[ENDING_BY_CLIENT]);
    json_write_uint_member(json, "by_target", by[ENDING_BY_TARGET]);
    json_write_uint_member(json, "by_limit", by[ENDING_BY_LIMIT]);
    json_write_object_end(json);
    json_write_name(json, "endings");
    json_write_object(json);
    for (int i = 0; i < ENDINGS; i++)
        json_write_uint_member(json, counters_ending_name((enum counters_ending)i),
                               counter_read(&sum->endings[i]));
    json_write_object_end(json);
}

static void write_connections(struct json_writer *json, const struct counters *sum) {
    json_write_name(json, "connections");
    json_write_object(json);
    json_write_uint_member(json, "accepted", counter_read(&sum->accepted));
    json_write_uint_member(json, "accept_failures", counter_read(&sum->accept_failures));
    json_write_uint_member(json, "open", counters_open(sum));
    json_write_uint_member(json, "securing", counter_read(&sum->states[PEER_SECURING]));
    json_write_uint_member(json, "reading", counter_read(&sum->states[PEER_READING]));
    json_write_uint_member(json, "delaying", counter_read(&sum->states[PEER_DELAYING]));
    json_write_uint_member(json, "sending", counter_read(&sum->states[PEER_SENDING]));
    json_write_uint_member(json, "stalled", counter_read(&sum->states[PEER_STALLED]));
    write_endings(json, sum);
    json_write_object_end(json);
}

static void write_requests(struct json_writer *json, const struct counters *sum) {
    json_write_name(json, "requests");
    json_write_object(json);
    json_write_uint_member(json, "read", counter_read(&sum->requests));
    json_write_uint_member(json, "pages", counter_read(&sum->pages));
    json_write_uint_member(json, "answered", counters_answered(sum));
    json_write_uint_member(json, "body_bytes", counter_read(&sum->request_body_bytes));
    json_write_name(json, "by_status");
    json_write_object(json);
    for (int status = 0; status < COUNTERS_STATUSES; status++) {
        char name[12];
        uint64_t count = counter_read(&sum->statuses[status]);
        snprintf(name, sizeof name, "%d", status);
        if (count > 0)
            json_write_uint_member(json, name, count);
    }
    json_write_object_end(json);
    json_write_object_end(json);
}

/* null without TLS. */
static void write_tls(struct json_writer *json, const struct counters *sum, bool speaks) {
    json_write_name(json, "tls");
    if (!speaks) {
        json_write_null(json);
        return;
    }
    json_write_object(json);
    json_write_uint_member(json, "full", counter_read(&sum->handshakes_full));
    json_write_uint_member(json, "resumed", counter_read(&sum->handshakes_resumed));
    json_write_uint_member(json, "tickets", counter_read(&sum->tickets));
    json_write_uint_member(json, "key_updates_in", counter_read(&sum->key_updates_in));
    json_write_uint_member(json, "key_updates_out", counter_read(&sum->key_updates_out));
    json_write_object_end(json);
}

static void write_faults(struct json_writer *json, const struct counters *sum,
                         const struct target_settings *settings) {
    json_write_name(json, "faults");
    json_write_array(json);
    for (uint32_t i = 0; i < settings->fault_count; i++) {
        json_write_object(json);
        json_write_string_member(json, "rule", settings->faults[i].text);
        json_write_uint_member(json, "connections", counter_read(&sum->fault_connections[i]));
        json_write_uint_member(json, "fired", counter_read(&sum->fault_fired[i]));
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

size_t pages_stats(char buffer[static PAGES_BYTES], const struct counters_shared *shared,
                   const struct target_settings *settings) {
    struct counters sum;
    struct json_writer json;
    FILE *out = fmemopen(buffer, PAGES_BYTES, "w");
    if (out == NULL)
        return 0;
    counters_sum(&sum, shared, settings->workers);
    json_write_begin(&json, out, true);
    json_write_object(&json);
    json_write_string_member(&json, "schema", "holdfast-target/1");
    json_write_uint_member(&json, "seed", settings->seed);
    json_write_uint_member(&json, "workers", settings->workers);
    write_connections(&json, &sum);
    write_requests(&json, &sum);
    json_write_uint_member(&json, "bytes_in", counter_read(&sum.bytes_in));
    json_write_uint_member(&json, "bytes_out", counter_read(&sum.bytes_out));
    write_tls(&json, &sum, target_speaks_tls(settings));
    write_faults(&json, &sum, settings);
    json_write_object_end(&json);
    json_write_end(&json);
    long length = ftell(out);
    fclose(out);
    return length > 0 ? (size_t)length : 0;
}

/* ngx_http_stub_status_module: active includes the asking connection, which is writing; a request
 * counts from its head on, the asking one too. We never drop what we accepted: handled is accepted.
 */
size_t pages_status(char buffer[static PAGES_BYTES], const struct counters_shared *shared,
                    const struct target_settings *settings) {
    struct counters sum;
    counters_sum(&sum, shared, settings->workers);
    uint64_t accepted = counter_read(&sum.accepted), reading = counter_read(&sum.in_pieces);
    uint64_t writing = counter_read(&sum.states[PEER_DELAYING]) +
                       counter_read(&sum.states[PEER_SENDING]) +
                       counter_read(&sum.states[PEER_STALLED]);
    uint64_t waiting =
        counter_read(&sum.states[PEER_SECURING]) + counter_read(&sum.states[PEER_READING]);
    waiting -= reading < waiting ? reading : waiting;
    int length = snprintf(buffer, PAGES_BYTES,
                          "Active connections: %" PRIu64 " \nserver accepts handled requests\n"
                          " %" PRIu64 " %" PRIu64 " %" PRIu64 " \nReading: %" PRIu64
                          " Writing: %" PRIu64 " Waiting: %" PRIu64 " \n",
                          counters_open(&sum), accepted, accepted, counter_read(&sum.requests),
                          reading, writing, waiting);
    return length > 0 ? (size_t)length : 0;
}
