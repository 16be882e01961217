/* The values an option accepts, in words: for refusals, the help and the page; and its value as
 * text. */
#include "options/options_row.h"

#include <inttypes.h>
#include <stdio.h>

/* Counts as people write them, where that is exact. */
static void format_count(char *buffer, size_t size, uint64_t value) {
    if (value > 0 && value % 1000000000 == 0)
        snprintf(buffer, size, "%" PRIu64 "G", value / 1000000000);
    else if (value > 0 && value % 1000000 == 0)
        snprintf(buffer, size, "%" PRIu64 "M", value / 1000000);
    else
        snprintf(buffer, size, "%" PRIu64, value);
}

/* As the help should print it: 24h rather than 1d, 0 rather than 0s. */
static void format_bound(char *buffer, size_t size, uint64_t value) {
    if (value == 0)
        snprintf(buffer, size, "0");
    else if (value == 24 * HOUR)
        snprintf(buffer, size, "24h");
    else
        units_format_duration(buffer, size, (duration)value);
}

struct option_bounds_text option_bounds(const struct option_row *row) {
    struct option_bounds_text bounds = {{0}};
    char low[64], high[64];
    switch (row->kind) {
    case KIND_count:
    case KIND_rate:
        format_count(low, sizeof low, row->low);
        format_count(high, sizeof high, row->high);
        snprintf(bounds.text, sizeof bounds.text,
                 row->kind == KIND_rate ? "N %s..%s, DUR 1ms..1h" : "%s..%s", low, high);
        break;
    case KIND_frequency:
        units_format_frequency(low, sizeof low, row->low);
        format_count(high, sizeof high, row->high / FREQUENCY_ONE);
        snprintf(bounds.text, sizeof bounds.text, "%s..%s", low, high);
        break;
    case KIND_duration:
    case KIND_span:
    case KIND_interval:
    case KIND_reconnect:
        format_bound(low, sizeof low, row->low);
        format_bound(high, sizeof high, row->high);
        snprintf(bounds.text, sizeof bounds.text, "%s..%s", low, high);
        break;
    case KIND_text:
        snprintf(bounds.text, sizeof bounds.text, "at most %" PRIu64 " bytes", row->high);
        break;
    case KIND_rules: snprintf(bounds.text, sizeof bounds.text, "at most %d", RULES_MAX); break;
    case KIND_headers:
    case KIND_list: snprintf(bounds.text, sizeof bounds.text, "at most %" PRIu64, row->high); break;
    case KIND_source:
        snprintf(bounds.text, sizeof bounds.text, "at most %d addresses", ADDRESS_SET_MAX);
        break;
    case KIND_shard:
        snprintf(bounds.text, sizeof bounds.text, "N 1..%d, I 1..N", SHARDS_MAX);
        break;
    case KIND_wall_time:
        format_bound(high, sizeof high, row->high);
        snprintf(bounds.text, sizeof bounds.text, "at most %s ahead", high);
        break;
    case KIND_flag:
    case KIND_ui:
    case KIND_color:
    case KIND_sequence:
    case KIND_loss:
    case KIND_engine:
    case KIND_resume: break;
    }
    return bounds;
}

/* The kind of text of an option. */
static const char *text_form(const struct option_row *row) {
    switch (row->id) {
    case ROW_method: return "a token, such as GET,";
    case ROW_connect_to: return "HOST:PORT, such as 127.0.0.1:8080,";
    case ROW_server_status: return "a URL, such as http://127.0.0.1:8080/status,";
    case ROW_sni: return "a host's name, such as example.com,";
    case ROW_ciphers:
    case ROW_tls13_ciphers:
    case ROW_curves: return "a list with ':' between its names";
    case ROW_label: return "text without control characters";
    case ROW_metrics:
    case ROW_listen: return "a port, or ADDR:PORT, such as 127.0.0.1:8080 or [::1]:0,";
    case ROW_hosts:
        return "hosts with commas between them, 256 at most and each once, such as h1,h2,";
    case ROW_allow_target:
        return "networks and hosts with commas between them, such as 10.0.0.0/8,shop.example:443,";
    case ROW_allow_host: return "names with commas between them, such as shop.example,";
    case ROW_state: return "a folder's name";
    case ROW_remote: return "a command of a shell, with {host} where the host's name goes,";
    case ROW_body: return "a file's name (of target also a size, such as 512 or 64k)";
    default: return "a file's name";
    }
}

/* The forms that take more than a word. */
static void describe_form(char *out, size_t size, const struct option_row *row,
                          const char *bounds) {
    if (row->kind == KIND_shard)
        snprintf(out, size,
                 "I/N is accepted, %s, such as 2/4, or I/S1+S2+... with the size of each part; or "
                 "/N with the rank, auto with rank and size, "
                 "that Open MPI, Slurm or a Kubernetes Indexed Job gave this process",
                 bounds);
    else if (row->kind == KIND_wall_time)
        snprintf(out, size,
                 "a time of RFC 3339 or +DUR is accepted, %s, such as 2026-12-01T09:30:00Z or +30s",
                 bounds);
    else
        snprintf(out, size,
                 "auto or ADDR[,ADDR...] is accepted, each an address, a range A-B or a prefix "
                 "A/N, %s of one family, such as 127.0.0.2-127.0.0.9",
                 bounds);
}

struct option_accepted_text option_accepted(const struct option_row *row) {
    struct option_accepted_text form = {{0}};
    const struct option_bounds_text bounds = option_bounds(row);
    char *out = form.text;
    size_t size = sizeof form.text;
    switch (row->kind) {
    case KIND_count:
        snprintf(out, size, "%s is accepted%s", bounds.text,
                 row->high >= 10000 ? ", such as 100 or 10k"
                 : row->low <= 1    ? ", such as 1 or 4"
                                    : "");
        break;
    case KIND_rate:
        snprintf(out, size, "N/DUR or N (a second) is accepted, %s, such as 10/10ms or 1000",
                 bounds.text);
        break;
    case KIND_frequency:
        snprintf(out, size, "R (a second) is accepted, %s, such as 1000, 0.5 or 600/m",
                 bounds.text);
        break;
    case KIND_duration:
        snprintf(out, size, "%s is accepted, such as 10s or 1h30m (ns us ms s m h d)%s",
                 bounds.text, row->id == ROW_keepalive ? "; or auto" : "");
        break;
    case KIND_span:
        snprintf(out, size, "A or A..B is accepted, %s, A not above B, such as 5s or 1s..30s",
                 bounds.text);
        break;
    case KIND_interval:
        snprintf(
            out, size,
            "A, A..B or exp:MEAN is accepted, %s, A not above B, such as 5s, 1s..30s or exp:15s",
            bounds.text);
        break;
    case KIND_text:
        if (row->id == ROW_tls_min || row->id == ROW_tls_max)
            snprintf(out, size, "1.2 or 1.3 is accepted");
        else
            snprintf(out, size, "%s of %s is accepted", text_form(row), bounds.text);
        break;
    case KIND_rules:
        snprintf(out, size, "METRIC OP VALUE is accepted, such as 'live>=99.9%%' or 'p99<50ms'");
        break;
    case KIND_headers: snprintf(out, size, "'NAME: VALUE' or @FILE is accepted"); break;
    case KIND_list:
        snprintf(out, size, "%s is accepted%s", row->argument,
                 row->id == ROW_exec_at ? ", DUR 0..365d" : "");
        break;
    case KIND_flag: snprintf(out, size, "true or false is accepted"); break;
    case KIND_ui:
    case KIND_color:
    case KIND_sequence:
    case KIND_loss:
    case KIND_engine:
    case KIND_resume: snprintf(out, size, "one of %s is accepted", row->argument); break;
    case KIND_reconnect:
        snprintf(out, size,
                 "never or backoff=A..B is accepted, %s, A not above B, such as "
                 "backoff=1s..30s",
                 bounds.text);
        break;
    case KIND_shard:
    case KIND_wall_time:
    case KIND_source: describe_form(out, size, row, bounds.text); break;
    }
    return form;
}

/* "never" or "backoff=1s..30s". */
static const char *reconnect_value(char buffer[static OPTION_VALUE_MAX],
                                   struct units_span backoff) {
    char span[OPTION_VALUE_MAX - sizeof "backoff="];
    snprintf(buffer, OPTION_VALUE_MAX, "%s%s", backoff.high > 0 ? "backoff=" : "never",
             backoff.high > 0 ? units_format_span(span, sizeof span, backoff) : "");
    return buffer;
}

static const char *shard_value(char buffer[static OPTION_VALUE_MAX],
                               struct option_shard_choice shard) {
    if (shard.sizes != NULL)
        return shard.text;
    snprintf(buffer, OPTION_VALUE_MAX, "%" PRIu32 "/%" PRIu32, shard.part, shard.parts);
    return buffer;
}

const char *option_value(const struct options *options, const struct option_row *row,
                         char buffer[static OPTION_VALUE_MAX]) {
    const void *field = (const char *)options + row->offset;
    if (row->initial == NULL && row->kind != KIND_flag && !option_is_given(options, row))
        return NULL;
    switch (row->kind) {
    case KIND_count:
        snprintf(buffer, OPTION_VALUE_MAX, "%" PRIu64, *(const option_count *)field);
        return buffer;
    case KIND_rate: return units_format_rate(buffer, OPTION_VALUE_MAX, *(const option_rate *)field);
    case KIND_frequency:
        return units_format_frequency(buffer, OPTION_VALUE_MAX, *(const option_frequency *)field);
    case KIND_duration:
        if (row->id == ROW_keepalive && *(const option_duration *)field == 0)
            return "auto";
        return units_format_duration(buffer, OPTION_VALUE_MAX, *(const option_duration *)field);
    case KIND_span: return units_format_span(buffer, OPTION_VALUE_MAX, *(const option_span *)field);
    case KIND_interval:
        return units_format_interval(buffer, OPTION_VALUE_MAX, *(const option_interval *)field);
    case KIND_text: return *(const option_text *)field;
    case KIND_headers:
    case KIND_list:
    case KIND_rules: return NULL;
    case KIND_flag: return *(const option_flag *)field ? "true" : "false";
    case KIND_ui: return option_ui_names[*(const option_ui *)field];
    case KIND_color: return option_color_names[*(const option_color *)field];
    case KIND_sequence: return option_sequence_names[*(const option_sequence *)field];
    case KIND_loss: return option_loss_names[*(const option_loss *)field];
    case KIND_engine: return option_engine_names[*(const option_engine *)field];
    case KIND_resume: return option_resume_names[*(const option_resume *)field];
    case KIND_reconnect: return reconnect_value(buffer, *(const option_reconnect *)field);
    case KIND_source: return ((const option_source *)field)->text;
    case KIND_shard: return shard_value(buffer, *(const option_shard *)field);
    case KIND_wall_time:
        return wall_time_format(buffer, OPTION_VALUE_MAX, *(const option_wall_time *)field);
    }
    return NULL;
}
