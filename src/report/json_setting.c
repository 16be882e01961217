/* The JSON report's plan, target and environment: what was asked, of whom, and on which machine. */
#include <math.h>
#include <string.h>

#include "report/sections.h"

void member_known_int(struct json *json, const char *name, int64_t value) {
    json_name(json, name);
    if (value >= 0)
        json_int(json, value);
    else
        json_null(json);
}

void member_known_text(struct json *json, const char *name, const char *value) {
    json_string_member(json, name, value[0] != '\0' ? value : NULL);
}

void member_sources(struct json *json, const struct plan *plan) {
    json_name(json, "sources");
    json_array(json);
    for (size_t i = 0; i < plan->sources.range_count; i++) {
        char text[ADDRESS_RANGE_TEXT_MAX];
        json_string(json, address_range_format(&plan->sources.ranges[i], text, sizeof text));
    }
    json_array_end(json);
}

void section_plan(struct json *json, const struct plan *plan) {
    struct options effective = *plan->options; /* with what was decided for the user */
    effective.workers = plan->workers;
    effective.given.workers = true;
    effective.seed = plan->seed;
    effective.given.seed = true;
    json_name(json, "plan");
    json_object(json);
    options_write_json(json, &effective);
    member_sources(json, plan);
    json_object_end(json);
}

void section_target(struct json *json, const struct plan *plan, const struct target_facts *facts) {
    json_name(json, "target");
    json_object(json);
    json_string_member(json, "url", plan->target.url);
    json_name(json, "addresses");
    json_array(json);
    for (size_t i = 0; i < plan->address_count; i++) {
        char text[ADDRESS_TEXT_MAX];
        json_string(json, address_format(&plan->addresses[i], text, sizeof text));
    }
    json_array_end(json);
    const char *version = facts->minor == 0 ? "1.0" : "1.1";
    json_string_member(json, "http", facts->answered ? version : NULL);
    member_known_int(json, "status", facts->answered ? facts->status : -1);
    member_known_text(json, "server_header", facts->server);
    member_known_text(json, "keep_alive_header", facts->keep_alive);
    json_object_end(json);
}

/* CPUs that the control groups allow; NAN: as many as there are, or not known. */
static double cpu_quota(const struct host *host) {
    int64_t milli = host->cpu_quota_milli;
    return milli > 0 && milli < INT64_MAX ? (double)milli / 1000 : (double)NAN;
}

static int64_t limit_of(const struct host_share *share) {
    return share->max > 0 && share->max < INT64_MAX ? share->max : -1;
}

void section_environment(struct json *json, const struct host *host) {
    json_name(json, "environment");
    json_object(json);
    member_known_text(json, "kernel", host->kernel);
    member_known_text(json, "machine", host->machine);
    member_known_text(json, "cpu_model", host->cpu_model);
    member_known_int(json, "cpus", host->cpus);
    json_number_member(json, "cpu_quota", cpu_quota(host));
    member_known_int(json, "nofile_soft", host->nofile_soft);
    member_known_int(json, "nofile_hard", host->nofile_hard);
    member_known_int(json, "nr_open", host->nr_open);
    member_known_int(json, "file_max", host->file_max);
    member_known_int(json, "file_used", host->file_used);
    json_name(json, "port_range");
    if (host->port_low >= 0 && host->port_high >= 0) {
        json_array(json);
        json_int(json, host->port_low);
        json_int(json, host->port_high);
        json_array_end(json);
    } else {
        json_null(json);
    }
    member_known_int(json, "somaxconn", host->somaxconn);
    member_known_int(json, "tcp_tw_reuse", host->tcp_tw_reuse);
    member_known_int(json, "memory_total_bytes", host->memory_total_bytes);
    member_known_int(json, "memory_available_bytes", host->memory_available_bytes);
    member_known_int(json, "memory_limit_bytes", limit_of(&host->group_memory));
    member_known_int(json, "memlock_bytes", host->memlock_bytes);
    member_known_int(json, "io_uring_disabled", host->io_uring_disabled);
    member_known_text(json, "io_uring_group", host->io_uring_group);
    json_object_end(json);
}
