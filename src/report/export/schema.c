/* The JSON Schema of the report, from one table of members for each object. */
#include "report/export/schema.h"

#include "options/options.h"
#include "report/export/writers.h"
#include "report/format/report_names.h"

static const char *const schema_names[] = {"holdfast/1", NULL};
static const char *const how_names[] = {"fin", "rst", NULL};
static const char *const source_names[] = {"stub_status", "access_log", "process", "several", NULL};
static const char *const memory_names[] = {"pss", "rss", NULL};
static const char *const host_verdict_names[] = {"held",         "broke",     "unfit",
                                                 "inconclusive", "no_target", NULL};
static const char *const state_names[] = {"ok", "lost", NULL};
static const char *const http_names[] = {"1.0", "1.1", NULL};
static const char *const result_names[] = {"held", "gave", "gone", "cut", NULL};
static const char *const end_names[] = {"found", "ours", "ceiling", "gone", "interrupted", NULL};
static const char *const engine_names[] = {"io_uring", "epoll", "simulation", NULL};

/* Names that live in enums elsewhere are asked for, not spelled again. */
static void write_sides(struct json_writer *json) {
    for (int i = 0; i < SIDE_COUNT; i++)
        json_write_string(json, outcome_side_name((enum outcome_side)i));
}

static void write_statuses(struct json_writer *json) {
    for (int i = 0; i < FINDING_STATUS_COUNT; i++)
        json_write_string(json, report_finding_status_name((enum finding_status)i));
}

/* The body of a K_COUNTS_BY: which names there may be, and which there must be. */
static void write_list(struct json_writer *json, const char *name, bool before_drain, bool drain) {
    json_write_name(json, name);
    json_write_array(json);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        if (outcome_is_drain(outcome) ? drain : before_drain)
            json_write_string(json, outcome_name(outcome));
    }
    json_write_array_end(json);
}

static void names_of_outcomes(struct json_writer *json) {
    json_write_name(json, "propertyNames");
    json_write_object(json);
    write_list(json, "enum", true, false);
    json_write_object_end(json);
    write_list(json, "required", true, false);
}

static void names_of_drain(struct json_writer *json) {
    json_write_name(json, "propertyNames");
    json_write_object(json);
    write_list(json, "enum", true, true);
    json_write_object_end(json);
    write_list(json, "required", false, true);
}

static void names_by_pattern(struct json_writer *json, const char *pattern) {
    json_write_name(json, "propertyNames");
    json_write_object(json);
    json_write_string_member(json, "pattern", pattern);
    json_write_object_end(json);
}

static void names_of_errnos(struct json_writer *json) {
    names_by_pattern(json, "^(E[A-Z0-9]+|errno [0-9]+|other)$");
}

static void names_of_statuses(struct json_writer *json) {
    names_by_pattern(json, "^[1-9][0-9][0-9]$");
}

static void names_of_alerts(struct json_writer *json) {
    names_by_pattern(json, "^[1-9][0-9]{0,2}$");
}

static void names_of_row(struct json_writer *json, const char *(*name_of)(int), int count) {
    json_write_name(json, "propertyNames");
    json_write_object(json);
    json_write_name(json, "enum");
    json_write_array(json);
    for (int i = 0; i < count; i++)
        json_write_string(json, name_of(i));
    json_write_array_end(json);
    json_write_object_end(json);
}

static const char *name_of_reason(int reason) {
    return reason_name((enum reason)reason);
}

static void names_of_reasons(struct json_writer *json) {
    names_of_row(json, name_of_reason, REASON_COUNT);
}

static void names_of_handshake_reasons(struct json_writer *json) {
    names_of_row(json, report_handshake_reason_name, HANDSHAKE_REASON_COUNT);
}

static void names_of_record_reasons(struct json_writer *json) {
    names_of_row(json, report_record_reason_name, RECORD_REASON_COUNT);
}

static void write_live_outcomes(struct json_writer *json) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome_stage stage = outcome_stage((enum outcome)i);
        if (stage == STAGE_LIVE || stage == STAGE_ANY)
            json_write_string(json, outcome_name((enum outcome)i));
    }
}

static void write_dimensions(struct json_writer *json) {
    for (int i = CLOSING_IDLE; i < CLOSING_DIMENSIONS; i++)
        json_write_string(json, closing_dimension_name((enum closing_dimension)i));
}

static const struct schema_member run[] = {
    MEMBER("id", K_TEXT),
    MEMBER("label", K_TEXT_OR_NULL),
    MEMBER("started_at", K_TIME_OR_NULL),
    MEMBER("ended_at", K_TIME_OR_NULL),
    MEMBER("ramp_seconds", K_NUMBER_OR_NULL),
    MEMBER("ramp_lateness_seconds_max", K_NUMBER_OR_NULL),
    MEMBER("hold_seconds", K_NUMBER_OR_NULL),
    MEMBER("drain_seconds", K_NUMBER_OR_NULL),
    MEMBER("interrupted", K_FLAG),
    MEMBER("ended_early", K_FLAG),
    MEMBER("ended_by_rule", K_TEXT_OR_NULL),
    MEMBER("ended_by_rule_seconds", K_NUMBER_OR_NULL),
    MEMBER("seed", K_COUNT),
    {0},
};

static const struct schema_member verdict[] = {
    MEMBER("result", K_ONE_OF, .write_names = schema_verdicts),
    MEMBER("exit_code", K_COUNT),
    MEMBER("reasons", K_TEXTS),
    {0},
};

static const struct schema_member requirement[] = {
    MEMBER("expression", K_TEXT),
    MEMBER("actual", K_NUMBER_OR_NULL),
    MEMBER("ok", K_FLAG_OR_NULL),
    {0},
};

/* How options_write_json() shows each kind of options.def. */
enum {
    K_OPTION_count = K_COUNT_OR_NULL,
    K_OPTION_rate = K_TEXT_OR_NULL,
    K_OPTION_frequency = K_TEXT_OR_NULL,
    K_OPTION_duration = K_TEXT_OR_NULL,
    K_OPTION_span = K_TEXT_OR_NULL,
    K_OPTION_interval = K_TEXT_OR_NULL,
    K_OPTION_text = K_TEXT_OR_NULL,
    K_OPTION_headers = K_TEXTS,
    K_OPTION_list = K_TEXTS,
    K_OPTION_rules = K_TEXTS,
    K_OPTION_flag = K_FLAG,
    K_OPTION_ui = K_TEXT_OR_NULL,
    K_OPTION_color = K_TEXT_OR_NULL,
    K_OPTION_sequence = K_TEXT_OR_NULL,
    K_OPTION_loss = K_TEXT_OR_NULL,
    K_OPTION_engine = K_TEXT_OR_NULL,
    K_OPTION_resume = K_TEXT_OR_NULL,
    K_OPTION_reconnect = K_TEXT_OR_NULL,
    K_OPTION_source = K_TEXT_OR_NULL,
    K_OPTION_shard = K_TEXT_OR_NULL,
    K_OPTION_wall_time = K_TEXT_OR_NULL,
};

static const struct schema_member plan_members[] = {
#define OPTION(field, letter, kept_as, initial, low, high, commands, group, argument, help)        \
    MEMBER(#field, (enum schema_kind)K_OPTION_##kept_as, .absent = ((commands)&COMMAND_LOAD) == 0),
#include "options/options.def"
#undef OPTION
    MEMBER("sources", K_TEXTS),
    {0},
};

static const struct schema_member target_tls[] = {
    MEMBER("version", K_TEXT),
    MEMBER("cipher", K_TEXT),
    MEMBER("group", K_TEXT_OR_NULL),
    MEMBER("alpn", K_TEXT_OR_NULL),
    MEMBER("verified", K_FLAG),
    MEMBER("unverified", K_TEXT_OR_NULL),
    MEMBER("subject", K_TEXT_OR_NULL),
    MEMBER("issuer", K_TEXT_OR_NULL),
    MEMBER("names", K_TEXT_OR_NULL),
    MEMBER("key", K_TEXT_OR_NULL),
    MEMBER("not_after", K_TIME_OR_NULL),
    MEMBER("detached", K_FLAG),
    {0},
};

const struct schema_member schema_target[] = {
    MEMBER("url", K_TEXT),
    MEMBER("addresses", K_TEXTS),
    MEMBER("http", K_ONE_OF_OR_NULL, .names = http_names),
    MEMBER("status", K_COUNT_OR_NULL),
    MEMBER("server_header", K_TEXT_OR_NULL),
    MEMBER("keep_alive_header", K_TEXT_OR_NULL),
    MEMBER("via_header", K_TEXT_OR_NULL),
    MEMBER("process", K_TEXT_OR_NULL),
    MEMBER("tls", K_OBJECT_OR_NULL, .members = target_tls),
    {0},
};

static const struct schema_member environment[] = {
    MEMBER("kernel", K_TEXT_OR_NULL),
    MEMBER("machine", K_TEXT_OR_NULL),
    MEMBER("cpu_model", K_TEXT_OR_NULL),
    MEMBER("cpus", K_COUNT_OR_NULL),
    MEMBER("cpu_quota", K_NUMBER_OR_NULL),
    MEMBER("nofile_soft", K_COUNT_OR_NULL),
    MEMBER("nofile_hard", K_COUNT_OR_NULL),
    MEMBER("nr_open", K_COUNT_OR_NULL),
    MEMBER("file_max", K_COUNT_OR_NULL),
    MEMBER("file_used", K_COUNT_OR_NULL),
    MEMBER("port_range", K_PORTS_OR_NULL),
    MEMBER("somaxconn", K_COUNT_OR_NULL),
    MEMBER("tcp_tw_reuse", K_COUNT_OR_NULL),
    MEMBER("memory_total_bytes", K_COUNT_OR_NULL),
    MEMBER("memory_available_bytes", K_COUNT_OR_NULL),
    MEMBER("memory_limit_bytes", K_COUNT_OR_NULL),
    MEMBER("memlock_bytes", K_COUNT_OR_NULL),
    MEMBER("io_uring_disabled", K_COUNT_OR_NULL),
    MEMBER("io_uring_group", K_TEXT_OR_NULL),
    {0},
};

static const struct schema_member drain[] = {
    MEMBER("seconds", K_NUMBER_OR_NULL),
    MEMBER("how", K_ONE_OF_OR_NULL, .names = how_names),
    MEMBER("outcomes", K_COUNTS_BY, .write_names = names_of_drain),
    {0},
};

static const struct schema_member durations_without_lateness[] = {
    MEMBER("count", K_COUNT),
    MEMBER("min", K_NUMBER_OR_NULL),
    MEMBER("mean", K_NUMBER_OR_NULL),
    MEMBER("stddev", K_NUMBER_OR_NULL),
    MEMBER("p50", K_NUMBER_OR_NULL),
    MEMBER("p90", K_NUMBER_OR_NULL),
    MEMBER("p95", K_NUMBER_OR_NULL),
    MEMBER("p99", K_NUMBER_OR_NULL),
    MEMBER("p999", K_NUMBER_OR_NULL),
    MEMBER("max", K_NUMBER_OR_NULL),
    MEMBER("histogram", K_TEXT_OR_NULL),
    {0},
};

static const struct schema_member durations[] = {
    MEMBER("count", K_COUNT),
    MEMBER("min", K_NUMBER_OR_NULL),
    MEMBER("mean", K_NUMBER_OR_NULL),
    MEMBER("stddev", K_NUMBER_OR_NULL),
    MEMBER("p50", K_NUMBER_OR_NULL),
    MEMBER("p90", K_NUMBER_OR_NULL),
    MEMBER("p95", K_NUMBER_OR_NULL),
    MEMBER("p99", K_NUMBER_OR_NULL),
    MEMBER("p999", K_NUMBER_OR_NULL),
    MEMBER("max", K_NUMBER_OR_NULL),
    MEMBER("histogram", K_TEXT_OR_NULL),
    MEMBER("without_lateness", K_OBJECT_OR_NULL, .members = durations_without_lateness),
    {0},
};

static const struct schema_member connections_tls[] = {
#define TLS_METRIC(name, unit, help) MEMBER(#name, K_COUNT),
#include "stats/tls_metrics.def"
#undef TLS_METRIC
    MEMBER("alerts", K_COUNTS_BY, .write_names = names_of_alerts),
    MEMBER("failed", K_COUNTS_BY, .write_names = names_of_handshake_reasons),
    MEMBER("broken", K_COUNTS_BY, .write_names = names_of_record_reasons),
    {0},
};

static const struct schema_member connections[] = {
    MEMBER("target", K_COUNT),
    MEMBER("attempted", K_COUNT),
    MEMBER("opened", K_COUNT),
    MEMBER("connecting", K_COUNT),
    MEMBER("live", K_COUNT),
    MEMBER("live_min", K_COUNT_OR_NULL),
    MEMBER("live_peak", K_COUNT),
    MEMBER("closed", K_COUNT),
    MEMBER("errored", K_COUNT),
    MEMBER("lost", K_COUNT),
    MEMBER("reconnected", K_COUNT),
    MEMBER("refilling", K_COUNT_OR_NULL),
    MEMBER("refill_seconds", K_OBJECT_OR_NULL, .members = durations),
    MEMBER("outcomes", K_COUNTS_BY, .write_names = names_of_outcomes),
    MEMBER("errno", K_COUNTS_BY, .write_names = names_of_errnos),
    MEMBER("protocol_errors", K_COUNTS_BY, .write_names = names_of_reasons),
    MEMBER("tls", K_OBJECT_OR_NULL, .members = connections_tls),
    MEMBER("balanced", K_FLAG),
    MEMBER("imbalance", K_TEXT_OR_NULL),
    MEMBER("samples", K_COUNT),
    MEMBER("drain", K_OBJECT, .members = drain),
    {0},
};

static const struct schema_member requests[] = {
    MEMBER("sent", K_COUNT),
    MEMBER("answered", K_COUNT),
    MEMBER("timed_out", K_COUNT),
    MEMBER("lost", K_COUNT),
    MEMBER("unfinished", K_COUNT),
    MEMBER("warmup", K_COUNT),
    MEMBER("interim", K_COUNT),
    MEMBER("by_status", K_COUNTS_BY, .write_names = names_of_statuses),
    MEMBER("bytes_in", K_COUNT),
    MEMBER("bytes_out", K_COUNT),
    MEMBER("per_second_mean", K_NUMBER_OR_NULL),
    MEMBER("per_second_peak", K_NUMBER_OR_NULL),
    MEMBER("scheduled", K_COUNT_OR_NULL),
    MEMBER("unsent", K_COUNT_OR_NULL),
    MEMBER("lateness_seconds", K_OBJECT_OR_NULL, .members = durations),
    {0},
};

static const struct schema_member stub_status[] = {
    MEMBER("requests", K_COUNT),
    MEMBER("client_sent", K_COUNT),
    MEMBER("ratio", K_NUMBER_OR_NULL),
    MEMBER("per_second_mean", K_NUMBER_OR_NULL),
    MEMBER("active", K_COUNT),
    MEMBER("active_peak", K_COUNT),
    MEMBER("reading", K_COUNT),
    MEMBER("reading_peak", K_COUNT),
    MEMBER("writing", K_COUNT),
    MEMBER("writing_peak", K_COUNT),
    MEMBER("waiting", K_COUNT),
    MEMBER("waiting_peak", K_COUNT),
    MEMBER("accepted", K_COUNT),
    MEMBER("handled", K_COUNT),
    MEMBER("dropped", K_COUNT),
    MEMBER("polls", K_COUNT),
    MEMBER("polls_failed", K_COUNT),
    MEMBER("restarts", K_COUNT),
    MEMBER("requests_unsure", K_COUNT),
    MEMBER("connections_unsure", K_COUNT),
    MEMBER("final_poll", K_FLAG),
    MEMBER("per_second_mean_min", K_NUMBER_OR_NULL),
    {0},
};

static const struct schema_member access_log[] = {
    MEMBER("requests", K_COUNT),       MEMBER("client_sent", K_COUNT),
    MEMBER("ratio", K_NUMBER_OR_NULL), MEMBER("per_second_mean", K_NUMBER_OR_NULL),
    MEMBER("lines", K_COUNT),          MEMBER("own_lines", K_COUNT),
    MEMBER("matching_lines", K_COUNT), MEMBER("bytes", K_COUNT),
    MEMBER("rotations", K_COUNT),      MEMBER("truncations", K_COUNT),
    MEMBER("behind_bytes", K_COUNT),   MEMBER("behind_bytes_max", K_COUNT),
    MEMBER("trouble", K_TEXT_OR_NULL), {0},
};

static const struct schema_member process[] = {
    MEMBER("pid", K_COUNT),
    MEMBER("ended", K_FLAG),
    MEMBER("ended_seconds", K_NUMBER_OR_NULL),
    MEMBER("samples", K_COUNT),
    MEMBER("processes", K_COUNT),
    MEMBER("processes_peak", K_COUNT),
    MEMBER("memory_kind", K_ONE_OF, .names = memory_names),
    MEMBER("memory_bytes_before", K_COUNT_OR_NULL),
    MEMBER("memory_bytes", K_COUNT_OR_NULL),
    MEMBER("memory_bytes_max", K_COUNT_OR_NULL),
    MEMBER("connections", K_COUNT_OR_NULL),
    MEMBER("memory_bytes_per_connection", K_NUMBER_OR_NULL),
    MEMBER("cpu_seconds", K_NUMBER_OR_NULL),
    MEMBER("cpu_percent_mean", K_NUMBER_OR_NULL),
    MEMBER("files_max", K_COUNT_OR_NULL),
    MEMBER("files_process_max", K_COUNT_OR_NULL),
    MEMBER("nofile_soft", K_COUNT_OR_NULL),
    MEMBER("oom_kills", K_COUNT_OR_NULL),
    MEMBER("memory_limit_reached", K_COUNT_OR_NULL),
    MEMBER("group_memory_bytes", K_COUNT_OR_NULL),
    MEMBER("group_memory_bytes_max", K_COUNT_OR_NULL),
    {0},
};

static const struct schema_member server[] = {
    MEMBER("source", K_ONE_OF, .names = source_names),
    MEMBER("requests", K_COUNT_OR_NULL),
    MEMBER("requests_min", K_COUNT_OR_NULL),
    MEMBER("requests_max", K_COUNT_OR_NULL),
    MEMBER("client_sent", K_COUNT_OR_NULL),
    MEMBER("ratio", K_NUMBER_OR_NULL),
    MEMBER("per_second_mean", K_NUMBER_OR_NULL),
    MEMBER("active_peak", K_COUNT_OR_NULL),
    MEMBER("accepted", K_COUNT_OR_NULL),
    MEMBER("handled", K_COUNT_OR_NULL),
    MEMBER("polls", K_COUNT_OR_NULL),
    MEMBER("polls_failed", K_COUNT_OR_NULL),
    MEMBER("restarts", K_COUNT_OR_NULL),
    MEMBER("stub_status", K_OBJECT_OR_NULL, .members = stub_status),
    MEMBER("access_log", K_OBJECT_OR_NULL, .members = access_log),
    MEMBER("process", K_OBJECT_OR_NULL, .members = process),
    {0},
};

static const struct schema_member worker[] = {
    MEMBER("pid", K_COUNT),
    MEMBER("share", K_COUNT),
    MEMBER("state", K_ONE_OF, .names = state_names),
    {0},
};

static const struct schema_member host[] = {
    MEMBER("name", K_TEXT),
    MEMBER("share", K_COUNT),
    MEMBER("state", K_ONE_OF, .names = state_names),
    MEMBER("verdict", K_ONE_OF_OR_NULL, .names = host_verdict_names),
    MEMBER("live", K_COUNT),
    MEMBER("answered", K_COUNT),
    MEMBER("errored", K_COUNT),
    MEMBER("p99_seconds", K_NUMBER_OR_NULL),
    MEMBER("started_seconds", K_NUMBER_OR_NULL),
    MEMBER("clock_error_seconds", K_NUMBER_OR_NULL),
    MEMBER("lost_seconds", K_NUMBER_OR_NULL),
    MEMBER("lost_connections", K_COUNT),
    MEMBER("lost_reason", K_TEXT_OR_NULL),
    {0},
};

static const struct schema_member generator[] = {
    MEMBER("engine", K_ONE_OF_OR_NULL, .names = engine_names),
    MEMBER("engine_reason", K_TEXT_OR_NULL),
    MEMBER("cpu_seconds", K_NUMBER_OR_NULL),
    MEMBER("cpu_user_seconds", K_NUMBER_OR_NULL),
    MEMBER("cpu_system_seconds", K_NUMBER_OR_NULL),
    MEMBER("pss_bytes_max", K_COUNT_OR_NULL),
    MEMBER("tick_seconds_max", K_NUMBER_OR_NULL),
    MEMBER("rss_bytes_max", K_COUNT_OR_NULL),
    MEMBER("loop_lag_seconds_p50", K_NUMBER_OR_NULL),
    MEMBER("loop_lag_seconds_p99", K_NUMBER_OR_NULL),
    MEMBER("loop_lag_seconds_max", K_NUMBER_OR_NULL),
    MEMBER("closed_overdue", K_COUNT_OR_NULL),
    MEMBER("deadline_lag_seconds_max", K_NUMBER_OR_NULL),
    MEMBER("reset_overdue", K_COUNT_OR_NULL),
    MEMBER("timed_out_late", K_COUNT_OR_NULL),
    MEMBER("connect_timeout_late", K_COUNT_OR_NULL),
    MEMBER("pauses", K_COUNT_OR_NULL),
    MEMBER("pauses_seconds", K_NUMBER_OR_NULL),
    MEMBER("pause_seconds_max", K_NUMBER_OR_NULL),
    MEMBER("cq_overflows", K_COUNT_OR_NULL),
    MEMBER("turns", K_COUNT_OR_NULL),
    MEMBER("stale_completions", K_COUNT_OR_NULL),
    MEMBER("workers", K_OBJECTS, .members = worker),
    {0},
};

const struct schema_member schema_finding[] = {
    MEMBER("code", K_TEXT),
    MEMBER("side", K_ONE_OF, .write_names = write_sides),
    MEMBER("status", K_ONE_OF, .write_names = write_statuses),
    MEMBER("text", K_TEXT),
    MEMBER("asked", K_WHOLE_OR_NULL),
    MEMBER("have", K_WHOLE_OR_NULL),
    MEMBER("need", K_WHOLE_OR_NULL),
    MEMBER("evidence", K_TEXT_OR_NULL),
    MEMBER("since_seconds", K_NUMBER_OR_NULL),
    MEMBER("do", K_TEXTS),
    {0},
};

static const struct schema_member closing_seconds[] = {
    MEMBER("min", K_NUMBER_OR_NULL),
    MEMBER("p50", K_NUMBER_OR_NULL),
    MEMBER("max", K_NUMBER_OR_NULL),
    {0},
};

static const struct schema_member closing_answers[] = {
    MEMBER("min", K_COUNT_OR_NULL),
    MEMBER("p50", K_COUNT_OR_NULL),
    MEMBER("max", K_COUNT_OR_NULL),
    {0},
};

static const struct schema_member closing[] = {
    MEMBER("outcome", K_ONE_OF, .write_names = write_live_outcomes),
    MEMBER("count", K_COUNT),
    MEMBER("sampled", K_COUNT),
    MEMBER("dimension", K_ONE_OF_OR_NULL, .write_names = write_dimensions),
    MEMBER("value", K_COUNT_OR_NULL),
    MEMBER("value_seconds", K_NUMBER_OR_NULL),
    MEMBER("spread_seconds", K_NUMBER_OR_NULL),
    MEMBER("limit", K_COUNT_OR_NULL),
    MEMBER("bursts", K_COUNT),
    MEMBER("either", K_FLAG),
    MEMBER("in_step", K_FLAG),
    MEMBER("rivals", K_TEXTS),
    MEMBER("race", K_FLAG),
    MEMBER("by_timer", K_FLAG),
    MEMBER("status_percent", K_COUNT_OR_NULL),
    MEMBER("errors_percent", K_COUNT_OR_NULL),
    MEMBER("interval", K_FLAG),
    MEMBER("low_seconds", K_NUMBER_OR_NULL),
    MEMBER("high_seconds", K_NUMBER_OR_NULL),
    MEMBER("answered_until_seconds", K_NUMBER_OR_NULL),
    MEMBER("forgets_seconds", K_NUMBER_OR_NULL),
    MEMBER("for_some", K_FLAG),
    MEMBER("refused", K_FLAG),
    MEMBER("share_percent", K_COUNT_OR_NULL),
    MEMBER("directive", K_TEXT_OR_NULL),
    MEMBER("text", K_TEXT_OR_NULL),
    MEMBER("idle_seconds", K_OBJECT, .members = closing_seconds),
    MEMBER("age_seconds", K_OBJECT, .members = closing_seconds),
    MEMBER("answers", K_OBJECT, .members = closing_answers),
    {0},
};

static const struct schema_member survival[] = {
    MEMBER("connections", K_COUNT),
    MEMBER("censored", K_COUNT),
    MEMBER("oldest_seconds", K_NUMBER_OR_NULL),
    MEMBER("age_seconds", K_NUMBERS),
    MEMBER("surviving", K_NUMBERS),
    MEMBER("at_risk", K_COUNTS),
    MEMBER("ended", K_COUNTS),
    {0},
};

static const struct schema_member lifetimes[] = {
    MEMBER("closings", K_OBJECTS, .members = closing),
    MEMBER("survival", K_OBJECT_OR_NULL, .members = survival),
    {0},
};

static const struct schema_member timeline[] = {
    MEMBER("interval_seconds", K_NUMBER_OR_NULL),
    MEMBER("t", K_NUMBERS),
    MEMBER("live", K_COUNTS),
    MEMBER("connecting", K_COUNTS),
    MEMBER("closed", K_COUNTS),
    MEMBER("errored", K_COUNTS),
    MEMBER("client_per_second", K_NUMBERS_OR_NULL),
    MEMBER("server_per_second", K_NUMBERS_OR_NULL),
    MEMBER("p50_seconds", K_NUMBERS_OR_NULL),
    MEMBER("p99_seconds", K_NUMBERS_OR_NULL),
    MEMBER("max_seconds", K_NUMBERS_OR_NULL),
    MEMBER("cpu_percent", K_NUMBERS_OR_NULL),
    MEMBER("descriptors", K_NUMBERS_OR_NULL),
    MEMBER("loop_lag_seconds", K_NUMBERS_OR_NULL),
    MEMBER("live_min", K_COUNTS),
    MEMBER("live_max", K_COUNTS),
    MEMBER("client_per_second_min", K_NUMBERS_OR_NULL),
    MEMBER("client_per_second_max", K_NUMBERS_OR_NULL),
    MEMBER("server_per_second_min", K_NUMBERS_OR_NULL),
    MEMBER("server_per_second_max", K_NUMBERS_OR_NULL),
    MEMBER("p50_seconds_min", K_NUMBERS_OR_NULL),
    MEMBER("p99_seconds_min", K_NUMBERS_OR_NULL),
    MEMBER("cpu_percent_min", K_NUMBERS_OR_NULL),
    MEMBER("cpu_percent_max", K_NUMBERS_OR_NULL),
    MEMBER("p50_seconds_mean", K_NUMBERS_OR_NULL),
    MEMBER("p99_seconds_mean", K_NUMBERS_OR_NULL),
    MEMBER("status_2xx", K_NUMBERS_OR_NULL),
    MEMBER("status_3xx", K_NUMBERS_OR_NULL),
    MEMBER("status_4xx", K_NUMBERS_OR_NULL),
    MEMBER("status_5xx", K_NUMBERS_OR_NULL),
    MEMBER("status_other", K_NUMBERS_OR_NULL),
    {0},
};

static const struct schema_member capacity_gave[] = {
    MEMBER("connections", K_COUNT),
    MEMBER("side", K_ONE_OF, .write_names = write_sides),
    MEMBER("code", K_TEXT),
    MEMBER("text", K_TEXT),
    MEMBER("do", K_TEXT_OR_NULL),
    MEMBER("by_ramp", K_FLAG),
    {0},
};

static const struct schema_member capacity_step[] = {
    MEMBER("connections", K_COUNT),
    MEMBER("result", K_ONE_OF, .names = result_names),
    MEMBER("ran", K_FLAG),
    MEMBER("opened", K_COUNT),
    MEMBER("live", K_COUNT),
    MEMBER("closed", K_COUNT),
    MEMBER("errored", K_COUNT),
    MEMBER("lost", K_COUNT),
    MEMBER("ramp_seconds", K_NUMBER_OR_NULL),
    MEMBER("p99_seconds", K_NUMBER_OR_NULL),
    MEMBER("by_status", K_COUNTS_BY, .write_names = names_of_statuses),
    MEMBER("gave", K_OBJECT_OR_NULL, .members = &capacity_gave[1]),
    {0},
};

static const struct schema_member capacity[] = {
    MEMBER("answer", K_COUNT),
    MEMBER("at_least", K_FLAG),
    MEMBER("end", K_ONE_OF, .names = end_names),
    MEMBER("gave", K_OBJECT_OR_NULL, .members = capacity_gave),
    MEMBER("regained", K_COUNT_OR_NULL),
    MEMBER("from", K_COUNT),
    MEMBER("step", K_COUNT_OR_NULL),
    MEMBER("ceiling", K_COUNT),
    MEMBER("hold_each_seconds", K_NUMBER_OR_NULL),
    MEMBER("steps", K_OBJECTS, .members = capacity_step),
    {0},
};

static void write_mark_kinds(struct json_writer *json) {
    for (int i = 0; i < MARK_KINDS; i++)
        json_write_string(json, mark_kind_name((enum mark_kind)i));
}

static const struct schema_member mark[] = {
    MEMBER("t", K_NUMBER_OR_NULL),
    MEMBER("text", K_TEXT),
    MEMBER("kind", K_ONE_OF, .write_names = write_mark_kinds),
    MEMBER("exit_code", K_COUNT_OR_NULL),
    MEMBER("killed", K_FLAG),
    MEMBER("lost_within", K_COUNT),
    MEMBER("window_seconds", K_NUMBER_OR_NULL),
    MEMBER("refill_seconds", K_NUMBER_OR_NULL),
    MEMBER("number", K_COUNT, .optional = true),
    {0},
};

static const struct schema_member report[] = {
    MEMBER("schema", K_CONST, .names = schema_names),
    MEMBER("tool", K_OBJECT, .members = schema_tool),
    MEMBER("run", K_OBJECT, .members = run),
    MEMBER("verdict", K_OBJECT, .members = verdict),
    MEMBER("requirements", K_OBJECTS, .members = requirement),
    MEMBER("plan", K_OBJECT, .members = plan_members),
    MEMBER("target", K_OBJECT, .members = schema_target),
    MEMBER("environment", K_OBJECT, .members = environment),
    MEMBER("connections", K_OBJECT, .members = connections),
    MEMBER("requests", K_OBJECT, .members = requests),
    MEMBER("latency_seconds", K_OBJECT, .members = durations),
    MEMBER("service_seconds", K_OBJECT, .members = durations),
    MEMBER("connect_seconds", K_OBJECT, .members = durations),
    MEMBER("handshake_seconds", K_OBJECT_OR_NULL, .members = durations),
    MEMBER("server", K_OBJECT_OR_NULL, .members = server),
    MEMBER("lifetimes", K_OBJECT_OR_NULL, .members = lifetimes),
    MEMBER("generator", K_OBJECT, .members = generator),
    MEMBER("hosts", K_OBJECTS, .members = host, .optional = true),
    MEMBER("findings", K_OBJECTS, .members = schema_finding),
    MEMBER("timeline", K_OBJECT, .members = timeline),
    MEMBER("marks", K_OBJECTS, .members = mark),
    MEMBER("capacity", K_OBJECT, .members = capacity, .optional = true),
    {0},
};

void report_schema(FILE *out) {
    schema_write(out, "The report of a holdfast run, holdfast/1", report, false);
}
