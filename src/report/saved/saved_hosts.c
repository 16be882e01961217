/* The hosts of a saved run on many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "options/host_list.h"
#include "report/saved/saved_parts.h"

static void copy_text(char *to, size_t size, const char *from) {
    snprintf(to, size, "%s", from != NULL ? from : "");
}

static void read_host(struct record_host *host, struct saved_place *place,
                      const struct json_t *from) {
    const char *name = saved_value_string(saved_value_member(from, "name"));
    const char *state = saved_value_string(saved_value_member(from, "state"));
    if (name == NULL || state == NULL) {
        saved_place_refuse(place, "\"hosts\": objects with a name and a state are accepted");
        return;
    }
    copy_text(host->name, sizeof host->name, name);
    host->lost = strcmp(state, "lost") == 0;
    host->share = (uint32_t)saved_value_whole_if(place, from, "share", CONNECTIONS_MAX, 0);
    copy_text(host->verdict, sizeof host->verdict, saved_value_text_if(place, from, "verdict"));
    copy_text(host->why, sizeof host->why, saved_value_text_if(place, from, "lost_reason"));
    host->live = saved_value_count_if(place, from, "live");
    host->answered = saved_value_count_if(place, from, "answered");
    host->errored = saved_value_count_if(place, from, "errored");
    host->lost_connections = saved_value_count_if(place, from, "lost_connections");
    host->p99_seconds = saved_value_seconds_if(place, from, "p99_seconds");
    host->started_seconds = saved_value_seconds_if(place, from, "started_seconds");
    host->clock_error_seconds = saved_value_seconds_if(place, from, "clock_error_seconds");
    host->lost_seconds = saved_value_seconds_if(place, from, "lost_seconds");
}

void saved_hosts(struct record *record, struct saved_place *place, const struct json_t *document) {
    const struct json_t *list = saved_value_array_if(place, document, "hosts");
    size_t count = saved_value_size(list);
    if (count == 0 || place->failed)
        return;
    if (count > HOST_LIST_MAX) {
        saved_place_refuse(place, "\"hosts\": at most %d are accepted", HOST_LIST_MAX);
        return;
    }
    struct record_host *hosts = calloc(count, sizeof *hosts);
    if (hosts == NULL) {
        saved_place_refuse(place, "out of memory");
        return;
    }
    free(record->hosts);
    record->hosts = hosts;
    record->host_count = count;
    for (size_t i = 0; i < count && !place->failed; i++)
        read_host(&hosts[i], place, saved_value_at(list, i));
}
