/* The numbers of a run as Prometheus text and as OpenMetrics. */
#include "report/exposition.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "base/version.h"

struct sheet {
    FILE *out;
    bool open_metrics;
};

enum type { TYPE_COUNTER, TYPE_GAUGE, TYPE_HISTOGRAM, TYPE_INFO };

static const char *type_name(const struct sheet *sheet, enum type type) {
    static const char *const names[] = {"counter", "gauge", "histogram", "info"};
    return type == TYPE_INFO && !sheet->open_metrics ? "gauge" : names[type];
}

/* OpenMetrics names a family without what its samples end in, and a family's unit is the end of its
 * name. */
static void family(const struct sheet *sheet, const char *name, enum type type, const char *unit,
                   const char *help) {
    const char *end = type == TYPE_COUNTER ? "_total" : type == TYPE_INFO ? "_info" : "";
    size_t length = strlen(name) - (sheet->open_metrics ? strlen(end) : 0);
    fprintf(sheet->out, "# HELP %.*s %s\n", (int)length, name, help);
    fprintf(sheet->out, "# TYPE %.*s %s\n", (int)length, name, type_name(sheet, type));
    if (sheet->open_metrics && unit != NULL)
        fprintf(sheet->out, "# UNIT %.*s %s\n", (int)length, name, unit);
}

static void count(const struct sheet *sheet, const char *name, uint64_t value) {
    fprintf(sheet->out, "%s %" PRIu64 "\n", name, value);
}

static void number(const struct sheet *sheet, const char *name, double value) {
    if (isnan(value))
        fprintf(sheet->out, "%s NaN\n", name);
    else
        fprintf(sheet->out, "%s %.9f\n", name, value);
}

/* A backslash, a quote and the end of a line are escaped; what is no UTF-8 becomes U+FFFD. */
static void label(const struct sheet *sheet, const char *before, const char *name,
                  const char *value) {
    uint32_t character;
    fprintf(sheet->out, "%s%s=\"", before, name);
    for (unsigned length; *value != '\0'; value += length > 0 ? length : 1) {
        length = utf8_read(value, &character);
        if (length == 0)
            fputs("\xef\xbf\xbd", sheet->out);
        else if (*value == '\n')
            fputs("\\n", sheet->out);
        else if (*value == '"' || *value == '\\')
            fprintf(sheet->out, "\\%c", *value);
        else
            fwrite(value, 1, length, sheet->out);
    }
    fputc('"', sheet->out);
}

static void labelled(const struct sheet *sheet, const char *name, const char *key,
                     const char *value, uint64_t number_of) {
    fputs(name, sheet->out);
    label(sheet, "{", key, value);
    fprintf(sheet->out, "} %" PRIu64 "\n", number_of);
}

/* --- counters --- */

enum metric_kind { SUM, LEVEL, PEAK };

static bool is_state(const char *name) {
    return strcmp(name, "connecting") == 0 || strcmp(name, "live") == 0;
}

/* A row of metrics.def: holdfast_UNIT_NAME, without saying the unit twice, and in seconds. */
static void metric(const struct sheet *sheet, const char *name, enum metric_kind kind,
                   const char *unit, const char *help, uint64_t value) {
    char full[96];
    bool time = strcmp(unit, "nanoseconds") == 0;
    size_t unit_length = strlen(unit);
    bool said = strncmp(name, unit, unit_length) == 0;
    if (is_state(name))
        return;
    if (time)
        snprintf(full, sizeof full, "holdfast_%.*s_seconds", (int)strlen(name) - 3, name);
    else
        snprintf(full, sizeof full, "holdfast_%s%s%s%s", said ? "" : unit, said ? "" : "_", name,
                 kind == SUM ? "_total" : "");
    family(sheet, full, kind == SUM ? TYPE_COUNTER : TYPE_GAUGE, time ? "seconds" : NULL, help);
    if (time)
        number(sheet, full, (double)value / 1e9);
    else
        count(sheet, full, value);
}

static void metrics(const struct sheet *sheet, const struct counts *counts) {
#define METRIC(name, kind, unit, help) metric(sheet, #name, kind, unit, help, counts->name);
#include "stats/metrics.def"
#undef METRIC
}

static void connections(const struct sheet *sheet, const struct exposition *from) {
    const struct counts *counts = &from->total->counts;
    static const char states[] = "holdfast_connections",
                      ended[] = "holdfast_connections_ended_total";
    family(sheet, states, TYPE_GAUGE, NULL, "by state, after the freeze as it fixed them");
    labelled(sheet, states, "state", "connecting", counts->connecting);
    labelled(sheet, states, "state", "live", counts->live);
    family(sheet, "holdfast_connections_target", TYPE_GAUGE, NULL, "to be held at once");
    count(sheet, "holdfast_connections_target", from->plan->connections);
    family(sheet, ended, TYPE_COUNTER, NULL,
           "before the freeze, by outcome; drained and abandoned: after it");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        labelled(sheet, ended, "outcome", outcome_name(outcome),
                 outcome_is_drain(outcome) ? counts->drain[i] : counts->outcomes[i]);
    }
}

static void responses(const struct sheet *sheet, const struct counts *counts) {
    static const char name[] = "holdfast_responses_total";
    family(sheet, name, TYPE_COUNTER, NULL, "final answers, by status code");
    for (int i = 0; i < TALLY_STATUS_MAX; i++) {
        char code[8];
        snprintf(code, sizeof code, "%d", i);
        if (counts->statuses[i] > 0)
            labelled(sheet, name, "code", code, counts->statuses[i]);
    }
}

static void server(const struct sheet *sheet, const struct record *record) {
    static const char name[] = "holdfast_server_requests_total";
    family(sheet, name, TYPE_COUNTER, NULL, "as the server counted them, by source");
    if (record->server.measured)
        labelled(sheet, name, "source", server_source_name(SERVER_STUB_STATUS),
                 record->server.requests);
    if (record->server_log.asked)
        labelled(sheet, name, "source", server_source_name(SERVER_ACCESS_LOG),
                 record->server_log.requests);
}

/* --- histograms --- */

static const struct {
    const char *label;
    duration bound;
} bounds[] = {
    {"0.0001", 100 * MICROSECOND},
    {"0.00025", 250 * MICROSECOND},
    {"0.0005", 500 * MICROSECOND},
    {"0.001", MILLISECOND},
    {"0.0025", 2500 * MICROSECOND},
    {"0.005", 5 * MILLISECOND},
    {"0.01", 10 * MILLISECOND},
    {"0.025", 25 * MILLISECOND},
    {"0.05", 50 * MILLISECOND},
    {"0.1", 100 * MILLISECOND},
    {"0.25", 250 * MILLISECOND},
    {"0.5", 500 * MILLISECOND},
    {"1.0", SECOND},
    {"2.5", 2500 * MILLISECOND},
    {"5.0", 5 * SECOND},
    {"10.0", 10 * SECOND},
    {"30.0", 30 * SECOND},
    {"60.0", 60 * SECOND},
};

/* A value that our histogram cannot tell from a bound (three digits) is counted as not above it. */
static void histogram(const struct sheet *sheet, const char *name, const char *help,
                      const struct histogram *histogram) {
    size_t index = 0;
    uint64_t sum = 0;
    family(sheet, name, TYPE_HISTOGRAM, "seconds", help);
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        for (size_t last = histogram_index(bounds[i].bound); index <= last; index++)
            sum += histogram->counts[index];
        fprintf(sheet->out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, bounds[i].label, sum);
    }
    fprintf(sheet->out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, histogram->count);
    fprintf(sheet->out, "%s_sum %.9f\n", name, histogram->sum / 1e9);
    fprintf(sheet->out, "%s_count %" PRIu64 "\n", name, histogram->count);
}

/* --- of ourselves --- */

static void gauge(const struct sheet *sheet, const char *name, const char *unit, const char *help,
                  double value) {
    family(sheet, name, TYPE_GAUGE, unit, help);
    number(sheet, name, value);
}

static void whole_gauge(const struct sheet *sheet, const char *name, const char *unit,
                        const char *help, int64_t value) {
    if (value < 0)
        return;
    family(sheet, name, TYPE_GAUGE, unit, help);
    count(sheet, name, (uint64_t)value);
}

static void process(const struct sheet *sheet, const struct process_self *self) {
    family(sheet, "process_cpu_seconds_total", TYPE_COUNTER, "seconds", "of the parent alone");
    number(sheet, "process_cpu_seconds_total", self->cpu_seconds);
    whole_gauge(sheet, "process_resident_memory_bytes", "bytes", "of the parent alone",
                self->resident_bytes);
    whole_gauge(sheet, "process_virtual_memory_bytes", "bytes", "of the parent alone",
                self->virtual_bytes);
    whole_gauge(sheet, "process_open_fds", NULL, "of the parent alone", self->open_files);
    whole_gauge(sheet, "process_max_fds", NULL, "of the parent and of each worker",
                self->open_files_max);
    gauge(sheet, "process_start_time_seconds", "seconds", "since 1970", self->started_at);
}

static void information(const struct sheet *sheet, const struct exposition *from) {
    const struct options *options = from->plan->options;
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, from->plan->seed);
    family(sheet, "holdfast_run_info", TYPE_INFO, NULL, "what was asked");
    fputs("holdfast_run_info", sheet->out);
    label(sheet, "{", "url", from->plan->target.url);
    label(sheet, ",", "method", options->method);
    label(sheet, ",", "label", options->label != NULL ? options->label : "");
    label(sheet, ",", "seed", seed);
    fputs("} 1\n", sheet->out);
    family(sheet, "holdfast_build_info", TYPE_INFO, NULL, "which holdfast");
    fputs("holdfast_build_info", sheet->out);
    label(sheet, "{", "version", holdfast_version);
    label(sheet, ",", "commit", holdfast_commit);
    fputs("} 1\n", sheet->out);
}

const char *exposition_content_type(enum exposition_format format) {
    return format == EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

void report_exposition(FILE *out, enum exposition_format format, const struct exposition *from) {
    const struct sheet sheet = {out, format == EXPOSITION_OPENMETRICS};
    connections(&sheet, from);
    metrics(&sheet, &from->total->counts);
    responses(&sheet, &from->total->counts);
    histogram(&sheet, "holdfast_response_seconds", "from due to the last byte of the answer",
              &from->total->latency);
    histogram(&sheet, "holdfast_connect_seconds", "from attempt to established",
              &from->total->connect);
    server(&sheet, from->record);
    gauge(&sheet, "holdfast_loop_lag_seconds", "seconds",
          "how late due timers were run in the latest second, at the 99th percentile",
          from->loop_lag_seconds);
    family(&sheet, "holdfast_cpu_seconds_total", TYPE_COUNTER, "seconds", "of parent and workers");
    number(&sheet, "holdfast_cpu_seconds_total", from->cpu_seconds);
    information(&sheet, from);
    process(&sheet, &from->self);
    if (sheet.open_metrics)
        fputs("# EOF\n", out);
}
