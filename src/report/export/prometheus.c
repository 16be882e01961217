/* The numbers of a run as Prometheus text and as OpenMetrics. */
#include "report/export/prometheus.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "base/version.h"
#include "options/options.h"
#include "report/format/report_names.h"

struct exposition {
    FILE *out;
    bool open_metrics;
};

enum type { TYPE_COUNTER, TYPE_GAUGE, TYPE_HISTOGRAM, TYPE_INFO };

static const char *type_name(const struct exposition *exposition, enum type type) {
    static const char *const names[] = {"counter", "gauge", "histogram", "info"};
    return type == TYPE_INFO && !exposition->open_metrics ? "gauge" : names[type];
}

/* How many characters of name stand before its suffix; all of them where it has another end. */
static int stem_length(const char *name, const char *suffix) {
    size_t length = strlen(name), end = strlen(suffix);
    bool has = length >= end && strcmp(name + length - end, suffix) == 0;
    return (int)(has ? length - end : length);
}

/* OpenMetrics names a family without what its samples end in, and a family's unit is the end of its
 * name. */
static void family(const struct exposition *exposition, const char *name, enum type type,
                   const char *unit, const char *help) {
    const char *end = type == TYPE_COUNTER ? "_total" : type == TYPE_INFO ? "_info" : "";
    int length = stem_length(name, exposition->open_metrics ? end : "");
    fprintf(exposition->out, "# HELP %.*s %s\n", length, name, help);
    fprintf(exposition->out, "# TYPE %.*s %s\n", length, name, type_name(exposition, type));
    if (exposition->open_metrics && unit != NULL)
        fprintf(exposition->out, "# UNIT %.*s %s\n", length, name, unit);
}

static void count(const struct exposition *exposition, const char *name, uint64_t value) {
    fprintf(exposition->out, "%s %" PRIu64 "\n", name, value);
}

static void number(const struct exposition *exposition, const char *name, double value) {
    if (isnan(value))
        fprintf(exposition->out, "%s NaN\n", name);
    else
        fprintf(exposition->out, "%s %.9f\n", name, value);
}

/* A backslash, a quote and the end of a line are escaped; what is no UTF-8 becomes U+FFFD. */
static void label(const struct exposition *exposition, const char *before, const char *name,
                  const char *value) {
    uint32_t character;
    fprintf(exposition->out, "%s%s=\"", before, name);
    for (unsigned length; *value != '\0'; value += length > 0 ? length : 1) {
        length = utf8_read(value, &character);
        if (length == 0)
            fputs("\xef\xbf\xbd", exposition->out);
        else if (*value == '\n')
            fputs("\\n", exposition->out);
        else if (*value == '"' || *value == '\\')
            fprintf(exposition->out, "\\%c", *value);
        else
            fwrite(value, 1, length, exposition->out);
    }
    fputc('"', exposition->out);
}

static void labelled(const struct exposition *exposition, const char *name, const char *key,
                     const char *value, uint64_t total) {
    fputs(name, exposition->out);
    label(exposition, "{", key, value);
    fprintf(exposition->out, "} %" PRIu64 "\n", total);
}

/* --- counters --- */

enum metric_kind { SUM, LEVEL, PEAK };

static bool is_state(const char *name) {
    return strcmp(name, "connecting") == 0 || strcmp(name, "live") == 0;
}

/* A row of metrics.def: holdfast_UNIT_NAME, with the unit once, and in seconds. */
static void metric(const struct exposition *exposition, const char *name, enum metric_kind kind,
                   const char *unit, const char *help, uint64_t value) {
    char full[96];
    bool time = strcmp(unit, "nanoseconds") == 0;
    bool has_unit = strncmp(name, unit, strlen(unit)) == 0;
    if (is_state(name))
        return;
    if (time)
        snprintf(full, sizeof full, "holdfast_%.*s_seconds%s", stem_length(name, "_ns"), name,
                 kind == SUM ? "_total" : "");
    else
        snprintf(full, sizeof full, "holdfast_%s%s%s%s", has_unit ? "" : unit, has_unit ? "" : "_",
                 name, kind == SUM ? "_total" : "");
    family(exposition, full, kind == SUM ? TYPE_COUNTER : TYPE_GAUGE, time ? "seconds" : NULL,
           help);
    if (time)
        number(exposition, full, (double)value / 1e9);
    else
        count(exposition, full, value);
}

static void metrics(const struct exposition *exposition, const struct tally_counts *counts) {
#define METRIC(name, kind, unit, help) metric(exposition, #name, kind, unit, help, counts->name);
#include "stats/metrics.def"
#undef METRIC
}

static void connections(const struct exposition *exposition, const struct prometheus_scrape *from) {
    const struct tally_counts *counts = &from->total->counts;
    static const char states[] = "holdfast_connections",
                      ended[] = "holdfast_connections_ended_total";
    family(exposition, states, TYPE_GAUGE, NULL, "by state; after the freeze, as they were frozen");
    labelled(exposition, states, "state", "connecting", counts->connecting);
    labelled(exposition, states, "state", "live", counts->live);
    family(exposition, "holdfast_connections_target", TYPE_GAUGE, NULL, "to be held at once");
    count(exposition, "holdfast_connections_target", from->plan->connections);
    family(exposition, ended, TYPE_COUNTER, NULL,
           "before the freeze, by outcome; drained and abandoned: after it");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        labelled(exposition, ended, "outcome", outcome_name(outcome),
                 outcome_is_drain(outcome) ? counts->drain[i] : counts->outcomes[i]);
    }
}

static void responses(const struct exposition *exposition, const struct tally_counts *counts) {
    static const char name[] = "holdfast_responses_total";
    family(exposition, name, TYPE_COUNTER, NULL, "final answers, by status code");
    for (int i = 0; i < TALLY_STATUS_MAX; i++) {
        char code[12];
        snprintf(code, sizeof code, "%d", i);
        if (counts->statuses[i] > 0)
            labelled(exposition, name, "code", code, counts->statuses[i]);
    }
}

static void server(const struct exposition *exposition, const struct record *record) {
    static const char name[] = "holdfast_server_requests_total";
    family(exposition, name, TYPE_COUNTER, NULL, "as the server counted them, by source");
    if (record->server.measured)
        labelled(exposition, name, "source", server_source_name(SERVER_STUB_STATUS),
                 record->server.requests);
    if (record->server_log.asked)
        labelled(exposition, name, "source", server_source_name(SERVER_ACCESS_LOG),
                 record->server_log.requests);
}

/* --- histograms --- */

/* All that is known of a distribution: counted here, or read back from a line of a timeline. */
struct known_distribution {
    struct buckets buckets;
    uint64_t count;
    double sum_seconds;
};

static struct known_distribution known_of(const struct prometheus_scrape *from,
                                          enum tally_distribution distribution) {
    const struct histogram *histogram = &from->total->distributions[distribution];
    const struct record *record = from->record;
    if (!record->saved || histogram->count > 0)
        return (struct known_distribution){buckets_of(histogram), histogram->count,
                                           histogram->sum / 1e9};
    struct figures figures = record_figures(record, distribution);
    struct known_distribution known = {.buckets = record->buckets[distribution],
                                       .count = figures.count};
    if (figures.count > 0)
        known.sum_seconds = figures.mean * (double)figures.count;
    else
        known.buckets.known = true; /* all of them are 0 */
    return known;
}

/* None where a line of an older version has no buckets. */
static void histogram(const struct exposition *exposition, const char *name, const char *help,
                      const struct prometheus_scrape *from, enum tally_distribution distribution) {
    struct known_distribution known = known_of(from, distribution);
    if (!known.buckets.known)
        return;
    family(exposition, name, TYPE_HISTOGRAM, "seconds", help);
    for (size_t i = 0; i < BUCKETS; i++)
        fprintf(exposition->out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, bucket_bounds[i].label,
                known.buckets.counts[i]);
    fprintf(exposition->out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, known.count);
    fprintf(exposition->out, "%s_sum %.9f\n", name, known.sum_seconds);
    fprintf(exposition->out, "%s_count %" PRIu64 "\n", name, known.count);
}

/* --- of ourselves --- */

static void gauge(const struct exposition *exposition, const char *name, const char *unit,
                  const char *help, double value) {
    family(exposition, name, TYPE_GAUGE, unit, help);
    number(exposition, name, value);
}

static void whole_gauge(const struct exposition *exposition, const char *name, const char *unit,
                        const char *help, int64_t value) {
    if (value < 0)
        return;
    family(exposition, name, TYPE_GAUGE, unit, help);
    count(exposition, name, (uint64_t)value);
}

static void process(const struct exposition *exposition, const struct prometheus_process *self) {
    family(exposition, "process_cpu_seconds_total", TYPE_COUNTER, "seconds", "of the parent alone");
    number(exposition, "process_cpu_seconds_total", self->cpu_seconds);
    whole_gauge(exposition, "process_resident_memory_bytes", "bytes", "of the parent alone",
                self->resident_bytes);
    whole_gauge(exposition, "process_virtual_memory_bytes", "bytes", "of the parent alone",
                self->virtual_bytes);
    whole_gauge(exposition, "process_open_fds", NULL, "of the parent alone", self->open_files);
    whole_gauge(exposition, "process_max_fds", NULL, "of the parent and of each worker",
                self->open_files_max);
    gauge(exposition, "process_start_time_seconds", "seconds", "since 1970", self->started_at);
}

static void tls(const struct exposition *exposition, const struct prometheus_scrape *from) {
    static const char handshakes[] = "holdfast_tls_handshakes_total",
                      alerts[] = "holdfast_tls_alerts_total";
    const struct tally_counts *counts = &from->total->counts;
    family(exposition, handshakes, TYPE_COUNTER, NULL, "TLS handshakes that were done");
    labelled(exposition, handshakes, "kind", "full", counts->tls_full);
    labelled(exposition, handshakes, "kind", "resumed", counts->tls_resumed);
    family(exposition, alerts, TYPE_COUNTER, NULL, "alerts received, by number");
    for (int i = 0; i < TALLY_ALERTS; i++)
        if (counts->tls_alerts[i] > 0)
            labelled(exposition, alerts, "alert", report_alert_name(i), counts->tls_alerts[i]);
    histogram(exposition, "holdfast_handshake_seconds", "from TCP established to TLS done", from,
              DISTRIBUTION_HANDSHAKE);
    whole_gauge(exposition, "holdfast_target_certificate_expiry_timestamp_seconds", "seconds",
                "until when the target's certificate is valid, since 1970",
                from->certificate_expiry > 0 ? from->certificate_expiry : -1);
}

static void information(const struct exposition *exposition, const struct prometheus_scrape *from) {
    const struct options *options = from->plan->options;
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, from->plan->seed);
    family(exposition, "holdfast_run_info", TYPE_INFO, NULL, "what was asked");
    fputs("holdfast_run_info", exposition->out);
    label(exposition, "{", "url", from->plan->target.url);
    label(exposition, ",", "method", options->method);
    label(exposition, ",", "label", options->label != NULL ? options->label : "");
    label(exposition, ",", "seed", seed);
    fputs("} 1\n", exposition->out);
}

static void build(const struct exposition *exposition) {
    family(exposition, "holdfast_build_info", TYPE_INFO, NULL, "which holdfast");
    fputs("holdfast_build_info", exposition->out);
    label(exposition, "{", "version", version_string);
    label(exposition, ",", "commit", version_commit);
    fputs("} 1\n", exposition->out);
}

const char *prometheus_content_type(enum prometheus_format format) {
    return format == EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

void prometheus_write(FILE *out, enum prometheus_format format,
                      const struct prometheus_scrape *from) {
    const struct exposition exposition = {out, format == EXPOSITION_OPENMETRICS};
    connections(&exposition, from);
    metrics(&exposition, &from->total->counts);
    responses(&exposition, &from->total->counts);
    histogram(&exposition, "holdfast_response_seconds", "from due to the last byte of the answer",
              from, DISTRIBUTION_LATENCY);
    histogram(&exposition, "holdfast_connect_seconds", "from attempt to established", from,
              DISTRIBUTION_CONNECT);
    if (from->plan->target.tls)
        tls(&exposition, from);
    server(&exposition, from->record);
    gauge(&exposition, "holdfast_loop_lag_seconds", "seconds",
          "how late due timers were run in the latest second, at the 99th percentile",
          from->loop_lag_seconds);
    family(&exposition, "holdfast_cpu_seconds_total", TYPE_COUNTER, "seconds",
           "of parent and workers");
    number(&exposition, "holdfast_cpu_seconds_total", from->cpu_seconds);
    information(&exposition, from);
    build(&exposition);
    process(&exposition, &from->self);
    if (exposition.open_metrics)
        fputs("# EOF\n", out);
}

void prometheus_write_self(FILE *out, enum prometheus_format format,
                           const struct prometheus_process *self) {
    const struct exposition exposition = {out, format == EXPOSITION_OPENMETRICS};
    build(&exposition);
    process(&exposition, self);
    if (exposition.open_metrics)
        fputs("# EOF\n", out);
}
