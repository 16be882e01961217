/* The options that make a load what it is, compared as they would be written. */
#include "plan/plan_differ.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/secrets.h"

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
    {ROW_tls_resume, false},
    {ROW_urls, false},
    {ROW_urls_order, false},
    {ROW_exec_at, false},
};

enum { SHAPING = sizeof shaping / sizeof shaping[0] };

/* One side: the options that say what of the value is hidden, and the value; NULL: not set. */
struct side_value {
    const struct options *options;
    const char *value;
};

static void show(char *buffer, size_t size, enum option_id id, struct side_value side) {
    char *shown = side.value != NULL ? secrets_shown(side.options, id, side.value) : NULL;
    const char *text = side.value == NULL ? "none" : shown != NULL ? shown : "***";
    snprintf(buffer, size, "%s", refuse_quote(text).text);
    free(shown);
}

/* Whether two values differ, and then both as they are shown; where what is hidden is all that
 * differs, the fact is printed. */
static bool values_differ(struct plan_difference *difference, enum option_id id,
                          struct side_value a, struct side_value b) {
    bool both = a.value != NULL && b.value != NULL;
    if (both ? strcmp(a.value, b.value) == 0 : a.value == b.value)
        return false;
    show(difference->a, sizeof difference->a, id, a);
    show(difference->b, sizeof difference->b, id, b);
    if (strcmp(difference->a, difference->b) == 0)
        snprintf(difference->b, sizeof difference->b, "another, hidden value");
    return true;
}

/* The first item that is not the same in both. */
static bool lists_differ(struct plan_difference *difference, const struct option_row *row,
                         const struct options *a, const struct options *b) {
    const struct option_text_list *left = (const void *)((const char *)a + row->offset);
    const struct option_text_list *right = (const void *)((const char *)b + row->offset);
    size_t most = left->count > right->count ? left->count : right->count;
    for (size_t i = 0; i < most; i++)
        if (values_differ(difference, row->id,
                          (struct side_value){a, i < left->count ? left->items[i] : NULL},
                          (struct side_value){b, i < right->count ? right->items[i] : NULL}))
            return true;
    return false;
}

static bool row_differs(struct plan_difference *difference, const struct option_row *row,
                        const struct options *a, const struct options *b) {
    snprintf(difference->name, sizeof difference->name, "--%s", option_name(row).text);
    if (option_is_list(row))
        return lists_differ(difference, row, a, b);
    char left[OPTION_VALUE_MAX], right[OPTION_VALUE_MAX];
    return values_differ(difference, row->id, (struct side_value){a, option_value(a, row, left)},
                         (struct side_value){b, option_value(b, row, right)});
}

static bool paths_differ(struct plan_difference *difference, const struct plan *a,
                         const struct plan *b) {
    snprintf(difference->name, sizeof difference->name, "URL");
    return values_differ(difference, ROW_server_status,
                         (struct side_value){a->options, a->target.path},
                         (struct side_value){b->options, b->target.path});
}

static bool one_is_not_set(const struct plan_difference *difference) {
    return strcmp(difference->a, "none") == 0 || strcmp(difference->b, "none") == 0;
}

bool plan_next_difference(struct plan_difference *difference, size_t *at, const struct plan *a,
                          const struct plan *b, enum plan_differ_scope scope) {
    while (*at < SHAPING) {
        size_t i = (*at)++;
        bool summed = scope == OPTIONS_OF_SHARDS && shaping[i].summed;
        if (row_differs(difference, &option_rows[shaping[i].id], a->options, b->options) &&
            (!summed || one_is_not_set(difference)))
            return true;
    }
    return (*at)++ == SHAPING && paths_differ(difference, a, b);
}
