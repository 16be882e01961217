/* The JSON report's plan, target and environment: what was asked, of whom, and on which machine. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "options/options.h"
#include "report/export/json_sections.h"

void json_member_known_int(struct json_writer *json, const char *name, int64_t value) {
    json_write_name(json, name);
    if (value >= 0)
        json_write_int(json, value);
    else
        json_write_null(json);
}

void json_member_known_text(struct json_writer *json, const char *name, const char *value) {
    json_write_string_member(json, name, value[0] != '\0' ? value : NULL);
}

void json_member_sources(struct json_writer *json, const struct setup *setup) {
    json_write_name(json, "sources");
    json_write_array(json);
    for (size_t i = 0; i < setup->sources.range_count; i++) {
        char text[ADDRESS_RANGE_TEXT_MAX];
        json_write_string(json, address_range_format(&setup->sources.ranges[i], text, sizeof text));
    }
    json_write_array_end(json);
}

void json_section_plan(struct json_writer *json, const struct plan *plan,
                       const struct setup *setup) {
    struct options effective = *plan->options; /* with what was decided for the user */
    effective.workers = plan->workers;
    effective.given.workers = true;
    effective.seed = plan->seed;
    effective.given.seed = true;
    json_write_name(json, "plan");
    json_write_object(json);
    options_write_json(json, &effective);
    json_member_sources(json, setup);
    json_write_object_end(json);
}

void json_member_time(struct json_writer *json, const char *name, const struct timespec *time,
                      int digits) {
    char seconds[32], fraction[16], text[64];
    struct tm utc;
    if (time->tv_sec == 0 || gmtime_r(&time->tv_sec, &utc) == NULL) {
        json_write_null_member(json, name);
        return;
    }
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(fraction, sizeof fraction, "%09ld", time->tv_nsec);
    snprintf(text, sizeof text, "%s.%.*sZ", seconds, digits, fraction);
    json_write_string_member(json, name, text);
}

/* null where there was no handshake. */
static void target_tls(struct json_writer *json, const struct tls_peer *peer) {
    if (peer->version[0] == '\0') {
        json_write_null_member(json, "tls");
        return;
    }
    json_write_name(json, "tls");
    json_write_object(json);
    json_write_string_member(json, "version", peer->version);
    json_write_string_member(json, "cipher", peer->cipher);
    json_member_known_text(json, "group", peer->group);
    json_member_known_text(json, "alpn", peer->alpn);
    json_write_bool_member(json, "verified", peer->verified);
    json_member_known_text(json, "unverified", peer->unverified);
    json_member_known_text(json, "subject", peer->subject);
    json_member_known_text(json, "issuer", peer->issuer);
    json_member_known_text(json, "names", peer->names);
    json_member_known_text(json, "key", peer->key);
    json_member_time(json, "not_after", &(struct timespec){.tv_sec = peer->not_after}, 3);
    json_write_bool_member(json, "detached", peer->detached);
    json_write_object_end(json);
}

void json_section_target(struct json_writer *json, const struct plan *plan,
                         const struct setup *setup, const struct record_target *facts) {
    json_write_name(json, "target");
    json_write_object(json);
    json_write_string_member(json, "url", plan->target.url);
    json_write_name(json, "addresses");
    json_write_array(json);
    for (size_t i = 0; i < setup->address_count; i++) {
        char text[ADDRESS_TEXT_MAX];
        json_write_string(json, address_format(&setup->addresses[i], text, sizeof text));
    }
    json_write_array_end(json);
    const char *version = facts->minor == 0 ? "1.0" : "1.1";
    json_write_string_member(json, "http", facts->answered ? version : NULL);
    json_member_known_int(json, "status", facts->answered ? facts->status : -1);
    json_member_known_text(json, "server_header", facts->server);
    json_member_known_text(json, "keep_alive_header", facts->keep_alive);
    json_member_known_text(json, "via_header", facts->via);
    json_member_known_text(json, "process", facts->process);
    target_tls(json, &facts->tls);
    json_write_object_end(json);
}

/* CPUs that the control groups allow; NAN: as many as there are, or not known. */
static double cpu_quota(const struct host *host) {
    int64_t milli = host->cpu_quota_milli;
    return milli > 0 && milli < INT64_MAX ? (double)milli / 1000 : (double)NAN;
}

static int64_t limit_of(const struct host_share *share) {
    return share->max > 0 && share->max < INT64_MAX ? share->max : -1;
}

void json_section_environment(struct json_writer *json, const struct host *host) {
    json_write_name(json, "environment");
    json_write_object(json);
    json_member_known_text(json, "kernel", host->kernel);
    json_member_known_text(json, "machine", host->machine);
    json_member_known_text(json, "cpu_model", host->cpu_model);
    json_member_known_int(json, "cpus", host->cpus);
    json_write_number_member(json, "cpu_quota", cpu_quota(host));
    json_member_known_int(json, "nofile_soft", host->nofile_soft);
    json_member_known_int(json, "nofile_hard", host->nofile_hard);
    json_member_known_int(json, "nr_open", host->nr_open);
    json_member_known_int(json, "file_max", host->file_max);
    json_member_known_int(json, "file_used", host->file_used);
    json_write_name(json, "port_range");
    if (host->port_low >= 0 && host->port_high >= 0) {
        json_write_array(json);
        json_write_int(json, host->port_low);
        json_write_int(json, host->port_high);
        json_write_array_end(json);
    } else {
        json_write_null(json);
    }
    json_member_known_int(json, "somaxconn", host->somaxconn);
    json_member_known_int(json, "tcp_tw_reuse", host->tcp_tw_reuse);
    json_member_known_int(json, "memory_total_bytes", host->memory_total_bytes);
    json_member_known_int(json, "memory_available_bytes", host->memory_available_bytes);
    json_member_known_int(json, "memory_limit_bytes", limit_of(&host->group_memory));
    json_member_known_int(json, "memlock_bytes", host->memlock_bytes);
    json_member_known_int(json, "io_uring_disabled", host->io_uring_disabled);
    json_member_known_text(json, "io_uring_group", host->io_uring_group);
    json_write_object_end(json);
}
