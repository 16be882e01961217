/* The options that make a load what it is, compared as they would be written. */
#include "plan/options_differ.h"

#include <stdio.h>
#include <string.h>

#include "plan/options_row.h"

static const struct {
    enum option_id id;
    bool summed; /* over shards */
} shaping[] = {
    {ROW_connections, true},
    {ROW_ramp, false},
    {ROW_duration, false},
    {ROW_keepalive, false},
    {ROW_interval, false},
    {ROW_requests, true},
    {ROW_rate, true},
    {ROW_method, false},
    {ROW_header, false},
    {ROW_body, false},
    {ROW_timeout, false},
    {ROW_warmup, false},
    {ROW_connect_timeout, false},
    {ROW_reconnect, false},
    {ROW_urls, false},
    {ROW_urls_order, false},
    {ROW_exec_at, false},
};

enum { SHAPING = sizeof shaping / sizeof shaping[0] };

/* Whether two values differ, and then both as they are shown. NULL: not set. */
static bool values_differ(struct option_difference *difference, const char *a, const char *b) {
    a = a != NULL ? a : "none";
    b = b != NULL ? b : "none";
    snprintf(difference->a, sizeof difference->a, "%s", shown_text(a).text);
    snprintf(difference->b, sizeof difference->b, "%s", shown_text(b).text);
    return strcmp(a, b) != 0;
}

/* The first item that is not the same in both. */
static bool lists_differ(struct option_difference *difference, const struct text_list *a,
                         const struct text_list *b) {
    size_t most = a->count > b->count ? a->count : b->count;
    for (size_t i = 0; i < most; i++)
        if (values_differ(difference, i < a->count ? a->items[i] : NULL,
                          i < b->count ? b->items[i] : NULL))
            return true;
    return false;
}

static bool row_differs(struct option_difference *difference, const struct option_row *row,
                        const struct options *a, const struct options *b) {
    snprintf(difference->name, sizeof difference->name, "--%s", option_name(row).text);
    if (row->id == ROW_header)
        return lists_differ(difference, &a->header, &b->header);
    if (row->id == ROW_exec_at)
        return lists_differ(difference, &a->exec_at, &b->exec_at);
    char left[OPTION_VALUE_MAX], right[OPTION_VALUE_MAX];
    return values_differ(difference, option_value(a, row, left), option_value(b, row, right));
}

static bool paths_differ(struct option_difference *difference, const struct plan *a,
                         const struct plan *b) {
    snprintf(difference->name, sizeof difference->name, "URL");
    return values_differ(difference, a->target.path, b->target.path);
}

static bool one_is_not_set(const struct option_difference *difference) {
    return strcmp(difference->a, "none") == 0 || strcmp(difference->b, "none") == 0;
}

bool options_next_difference(struct option_difference *difference, size_t *at, const struct plan *a,
                             const struct plan *b, enum options_scope scope) {
    while (*at < SHAPING) {
        size_t i = (*at)++;
        bool summed = scope == OPTIONS_OF_SHARDS && shaping[i].summed;
        if (row_differs(difference, &option_rows[shaping[i].id], a->options, b->options) &&
            (!summed || one_is_not_set(difference)))
            return true;
    }
    return (*at)++ == SHAPING && paths_differ(difference, a, b);
}
