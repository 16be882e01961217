/* The hosts of a run on many, as JSON. */
#include "report/export/json_sections.h"

static void write_host(struct json_writer *json, const struct record_host *host) {
    json_write_object(json);
    json_write_string_member(json, "name", host->name);
    json_write_uint_member(json, "share", host->share);
    json_write_string_member(json, "state", host->lost ? "lost" : "ok");
    json_member_known_text(json, "verdict", host->verdict);
    json_write_uint_member(json, "live", host->live);
    json_write_uint_member(json, "answered", host->answered);
    json_write_uint_member(json, "errored", host->errored);
    json_write_number_member(json, "p99_seconds", host->p99_seconds);
    json_write_number_member(json, "started_seconds", host->started_seconds);
    json_write_number_member(json, "clock_error_seconds", host->clock_error_seconds);
    json_write_number_member(json, "lost_seconds", host->lost_seconds);
    json_write_uint_member(json, "lost_connections", host->lost_connections);
    json_member_known_text(json, "lost_reason", host->why);
    json_write_object_end(json);
}

void json_section_hosts(struct json_writer *json, const struct record *record) {
    if (record->host_count == 0)
        return;
    json_write_name(json, "hosts");
    json_write_array(json);
    for (size_t i = 0; i < record->host_count; i++)
        write_host(json, &record->hosts[i]);
    json_write_array_end(json);
}
