/* The hosts of a run on many: a row each where they are few, else those that did not hold. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/minmax.h"
#include "base/text.h"
#include "options/host_list.h"
#include "report/format/format.h"
#include "report/terminal/summary.h"

/* More rows are not shown, and a longer name stands out of its column. */
enum { ROWS_MAX = 8, NAME_COLUMNS = 16 };

/* What became of a host, the worst first. */
enum host_end { HOST_LOST, HOST_NO_VERDICT, HOST_NOT_HELD, HOST_HELD, HOST_ENDS };

static enum host_end end_of(const struct record_host *host) {
    if (host->lost)
        return HOST_LOST;
    if (host->verdict[0] == '\0')
        return HOST_NO_VERDICT;
    return strcmp(host->verdict, "held") == 0 ? HOST_HELD : HOST_NOT_HELD;
}

/* How many of its share are not live at the end; of a lost host none is. */
static uint64_t missing_of(const struct record_host *host) {
    return saturating_sub_u64(host->share, host->live);
}

static bool is_worse(const struct record_host *host, const struct record_host *than) {
    return end_of(host) != end_of(than) ? end_of(host) < end_of(than)
                                        : missing_of(host) > missing_of(than);
}

/* Equals stay in the order of --hosts. */
static void sort(const struct record_host **hosts, const struct record_host *from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && is_worse(&from[i], hosts[at - 1]); at--)
            hosts[at] = hosts[at - 1];
        hosts[at] = &from[i];
    }
}

/* A saved run's texts are as its file has them. */
struct host_text {
    char text[64];
};

static struct host_text text_of(const char *from) {
    struct host_text shown = {0};
    text_escape(shown.text, sizeof shown.text, from);
    return shown;
}

static void print_state(FILE *out, const struct record_host *host) {
    if (!host->lost) {
        fputs(host->verdict[0] != '\0' ? text_of(host->verdict).text : "no verdict", out);
        if (host->errored > 0)
            fprintf(out, ", errored %s", format_count(host->errored).text);
        return;
    }
    fprintf(out, "lost %s", format_count(host->lost_connections).text);
    if (isfinite(host->lost_seconds))
        fprintf(out, " at %s", format_seconds(host->lost_seconds).text);
}

static void widen(int *columns, const char *text, int most) {
    int wanted = format_columns(text, strlen(text));
    if (wanted > *columns && wanted <= most)
        *columns = wanted;
}

/* The widest of what is shown. */
struct host_columns {
    int name, live, share;
};

static struct host_columns measure(const struct record_host *const *hosts, size_t count) {
    struct host_columns columns = {0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        widen(&columns.name, text_of(hosts[i]->name).text, NAME_COLUMNS);
        widen(&columns.live, format_count(hosts[i]->live).text, INT_MAX);
        widen(&columns.share, format_count(hosts[i]->share).text, INT_MAX);
    }
    return columns;
}

static void print_host(FILE *out, const struct record_host *host, struct host_columns columns) {
    struct host_text name = text_of(host->name);
    struct format_text live = format_count(host->live), share = format_count(host->share);
    fprintf(out, "%-*s   live %*s of %*s   ", format_width(columns.name, name.text), name.text,
            format_width(columns.live, live.text), live.text,
            format_width(columns.share, share.text), share.text);
    print_state(out, host);
    fputc('\n', out);
}

/* "58 more, all held", "58 more: 3 lost, 55 held". */
static void print_ends(FILE *out, const struct record_host *const *hosts, size_t count) {
    static const char *const words[HOST_ENDS] = {"lost", "without a verdict", "not held", "held"};
    size_t ends[HOST_ENDS] = {0}, kinds = 0;
    for (size_t i = 0; i < count; i++)
        ends[end_of(hosts[i])]++;
    if (ends[HOST_HELD] == count) {
        fputs(", all held", out);
        return;
    }
    for (int i = 0; i < HOST_ENDS; i++)
        if (ends[i] > 0)
            fprintf(out, "%s%zu %s", kinds++ == 0 ? ": " : ", ", ends[i], words[i]);
}

static void print_rest(FILE *out, const struct record_host *const *hosts, size_t count,
                       bool alone) {
    uint64_t live = 0, share = 0;
    for (size_t i = 0; i < count; i++) {
        live += hosts[i]->live;
        share += hosts[i]->share;
    }
    fprintf(out, alone ? "%zu" : "and %zu more", count);
    print_ends(out, hosts, count);
    fprintf(out, "   live %s of %s\n", format_count(live).text, format_count(share).text);
}

/* All where they are few; of many those that did not hold. */
static size_t count_rows(const struct record_host *const *hosts, size_t count) {
    size_t rows = 0;
    while (rows < count && rows < ROWS_MAX &&
           (count <= ROWS_MAX || end_of(hosts[rows]) != HOST_HELD))
        rows++;
    return rows;
}

void summary_hosts(FILE *out, const struct record *record) {
    const struct record_host *hosts[HOST_LIST_MAX];
    size_t count = min_size(record->host_count, HOST_LIST_MAX);
    if (count == 0)
        return;
    sort(hosts, record->hosts, count);
    size_t rows = count_rows(hosts, count);
    struct host_columns columns = measure(hosts, rows);
    for (size_t i = 0; i < rows; i++) {
        fprintf(out, "  %-*s", SUMMARY_INDENT - 2, i == 0 ? "hosts" : "");
        print_host(out, hosts[i], columns);
    }
    if (rows == count)
        return;
    fprintf(out, "  %-*s", SUMMARY_INDENT - 2, rows == 0 ? "hosts" : "");
    print_rest(out, hosts + rows, count - rows, rows == 0);
}
