/* A saved run's plan, target, machine, findings and verdict. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/saved_parts.h"
#include "report/sections.h"

/* --- the plan --- */

static bool read_option(struct saved *saved, struct place *place, const char *name,
                        const char *value) {
    char error[OPTIONS_ERROR_MAX];
    return options_read_member(&saved->options, name, value, error) ||
           place_refuse(place, "plan: %s", error);
}

static bool read_member(struct saved *saved, struct place *place, const char *name,
                        const struct json_t *value) {
    char number[32];
    const char *written = value_written(value, number);
    if (value_is_null(value))
        return true;
    if (written == NULL)
        return place_refuse(place, "plan: \"%s\" is no option's value", shown_text(name).text);
    return read_option(saved, place, name, written);
}

static bool read_list(struct saved *saved, struct place *place, const char *name,
                      const struct json_t *list) {
    for (size_t i = 0; i < value_size(list); i++)
        if (!read_member(saved, place, name, value_at(list, i)))
            return false;
    return true;
}

static bool read_options(struct saved *saved, struct place *place, const struct json_t *plan) {
    struct value_step member = {0};
    while (value_next(plan, &member)) {
        bool read = value_is_list(member.value)
                        ? read_list(saved, place, member.name, member.value)
                        : read_member(saved, place, member.name, member.value);
        if (!read)
            return false;
    }
    return true;
}

/* --- where --- */

static void read_text(char *buffer, size_t size, struct place *place, const struct json_t *parent,
                      const char *name) {
    const char *text = value_text_if(place, parent, name);
    snprintf(buffer, size, "%s", text != NULL ? text : "");
}

static void read_ports(struct host *host, struct place *place, const struct json_t *environment) {
    const struct json_t *range = value_array_if(place, environment, "port_range");
    host->port_low = host->port_high = -1;
    if (range == NULL)
        return;
    uint64_t low = count_of(place, value_at(range, 0), "port_range");
    uint64_t high = count_of(place, value_at(range, 1), "port_range");
    if (low > high || high > UINT16_MAX) {
        place_refuse(place, "\"port_range\": [low, high] of ports is accepted");
        return;
    }
    host->port_low = (int64_t)low;
    host->port_high = (int64_t)high;
}

/* So many CPUs at most are believed. */
enum { CPUS_MAX = 1 << 20 };

static void read_host(struct host *host, struct place *place, const struct json_t *environment) {
    const struct {
        const char *name;
        int64_t *value;
    } numbers[] = {{"cpus", &host->cpus},
                   {"nofile_soft", &host->nofile_soft},
                   {"nofile_hard", &host->nofile_hard},
                   {"nr_open", &host->nr_open},
                   {"file_max", &host->file_max},
                   {"file_used", &host->file_used},
                   {"somaxconn", &host->somaxconn},
                   {"tcp_tw_reuse", &host->tcp_tw_reuse},
                   {"memory_total_bytes", &host->memory_total_bytes},
                   {"memory_available_bytes", &host->memory_available_bytes},
                   {"memory_limit_bytes", &host->group_memory.max},
                   {"memlock_bytes", &host->memlock_bytes},
                   {"io_uring_disabled", &host->io_uring_disabled}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        *numbers[i].value = value_whole_if(place, environment, numbers[i].name, INT64_MAX, -1);
    read_text(host->kernel, sizeof host->kernel, place, environment, "kernel");
    read_text(host->machine, sizeof host->machine, place, environment, "machine");
    read_text(host->cpu_model, sizeof host->cpu_model, place, environment, "cpu_model");
    double quota = value_number_if(place, environment, "cpu_quota");
    host->cpu_quota_milli = quota > 0 && quota < CPUS_MAX ? llround(quota * 1000) : 0;
    read_text(host->io_uring_group, sizeof host->io_uring_group, place, environment,
              "io_uring_group");
    read_ports(host, place, environment);
}

static bool read_address(struct address *address, const char *text) {
    char host[TARGET_HOST_MAX], error[TARGET_ERROR_MAX];
    uint16_t port;
    return text != NULL && target_parse_endpoint(text, host, &port, error) &&
           address_parse(address, host, port);
}

bool saved_target(struct saved *saved, struct place *place, const struct json_t *document) {
    const struct json_t *target = value_object(place, document, "target");
    struct target_facts *facts = &saved->judgement.target;
    const struct json_t *addresses = value_array_if(place, target, "addresses");
    struct plan *plan = &saved->plan;
    plan->address_count = 0;
    for (size_t i = 0; i < value_size(addresses) && i < HOST_ADDRESSES_MAX; i++) {
        const char *text = value_string(value_at(addresses, i));
        if (!read_address(&plan->addresses[plan->address_count++], text)) {
            return place_refuse(place, "\"addresses\": HOST:PORT in numbers is accepted");
        }
    }
    const char *version = value_text_if(place, target, "http");
    facts->answered = facts->asked = version != NULL;
    facts->minor = version == NULL || strcmp(version, "1.0") == 0 ? 0 : 1;
    facts->status = (uint16_t)value_whole_if(place, target, "status", 999, 0);
    facts->keep_alive_timeout_s = -1;
    read_text(facts->server, sizeof facts->server, place, target, "server_header");
    read_text(facts->keep_alive, sizeof facts->keep_alive, place, target, "keep_alive_header");
    return !place->failed;
}

bool saved_sources(struct saved *saved, struct place *place, const struct json_t *parent) {
    struct plan *plan = &saved->plan;
    const struct source_choice *choice = &saved->options.source;
    const struct json_t *list = value_array_if(place, parent, "sources");
    size_t count = choice->automatic ? value_size(list) : 0;
    struct address_range *ranges = plan->picked.ranges;
    const char *wrong = count > SOURCE_RANGES_MAX ? "too many" : NULL;
    plan->sources = choice->set;
    for (size_t i = 0; i < count && wrong == NULL; i++) {
        const char *text = value_string(value_at(list, i));
        wrong = text == NULL ? "no text" : address_range_parse(&ranges[i], text, strlen(text));
    }
    if (wrong == NULL && count > 0)
        wrong = address_set_make(&plan->sources, ranges, count);
    return wrong == NULL ||
           place_refuse(place, "\"sources\": addresses and ranges of them are accepted");
}

/* Defaults first, then what the file says. */
static bool read_plan(struct saved *saved, struct place *place, const struct json_t *document,
                      const struct host *host) {
    char error[OPTIONS_ERROR_MAX], name[] = "report", end[] = "--";
    struct rules rules;
    const struct json_t *options = value_object(place, document, "plan");
    const char *url = value_text_if(place, value_object(place, document, "target"), "url");
    if (url == NULL)
        return place_refuse(place, "\"url\": the target's is accepted");
    char *kept = strdup(url), *argv[] = {name, end, kept, NULL};
    bool parsed = kept != NULL &&
                  options_parse(&saved->options, COMMAND_RUN, 3, argv, error) == OPTIONS_OK &&
                  read_options(saved, place, options);
    saved->options.url = NULL; /* the plan has its own copy */
    if (parsed) {
        saved->options.url = kept;
        parsed = (plan_make(&saved->plan, &saved->options, COMMAND_RUN, host, error) &&
                  rules_read(&rules, &saved->plan, (struct refusal){error, sizeof error})) ||
                 place_refuse(place, "plan: %s", error);
        parsed = parsed && saved_sources(saved, place, options);
        saved->options.url = NULL;
    }
    free(kept);
    return parsed || place_refuse(place, "plan: it could not be read");
}

bool saved_setting(struct saved *saved, struct place *place, const struct json_t *document) {
    struct host host = {0};
    read_host(&host, place, value_object(place, document, "environment"));
    return !place->failed && read_plan(saved, place, document, &host) &&
           saved_target(saved, place, document);
}

/* --- findings and verdict --- */

/* Whether a code or name could be one of ours: it is printed as it is. */
static bool is_plain(const char *text) {
    return text != NULL && text[0] != '\0' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

static int side_of(const char *name) {
    for (int i = 0; name != NULL && i < SIDE_COUNT; i++)
        if (strcmp(name, side_name((enum side)i)) == 0)
            return i;
    return -1;
}

static int status_of(const char *name) {
    for (int i = 0; name != NULL && i < FINDING_STATUS_COUNT; i++)
        if (strcmp(name, finding_status_name((enum finding_status)i)) == 0)
            return i;
    return -1;
}

static void read_finding(struct findings *findings, struct place *place,
                         const struct json_t *from) {
    const char *code = value_text_if(place, from, "code");
    const char *text = value_text_if(place, from, "text");
    int side = side_of(value_text_if(place, from, "side"));
    int status = status_of(value_text_if(place, from, "status"));
    if (!is_plain(code) || text == NULL || side < 0 || status < 0) {
        place_refuse(place, "\"findings\": one of them is not as holdfast writes it");
        return;
    }
    struct finding *finding =
        findings_add(findings, code, (enum side)side, (enum finding_status)status, "%s", text);
    finding->asked = value_integer_if(place, from, "asked", FINDING_NONE);
    finding->have = value_integer_if(place, from, "have", FINDING_NONE);
    finding->need = value_integer_if(place, from, "need", FINDING_NONE);
    const char *evidence = value_text_if(place, from, "evidence");
    if (evidence != NULL)
        finding_evidence(finding, "%s", evidence);
    finding->since_seconds = value_seconds_if(place, from, "since_seconds");
    const struct json_t *todo = value_array_if(place, from, "do");
    for (size_t i = 0; i < value_size(todo); i++) {
        const char *line = value_string(value_at(todo, i));
        if (line != NULL)
            finding_do(finding, "%s", line);
    }
}

void saved_findings(struct findings *findings, struct place *place, const struct json_t *document) {
    const struct json_t *list = value_array_if(place, document, "findings");
    for (size_t i = 0; i < value_size(list) && i < FINDINGS_MAX; i++)
        read_finding(findings, place, value_at(list, i));
}

void saved_verdict(struct judgement *judgement, struct place *place,
                   const struct json_t *document) {
    const struct json_t *verdict = value_object(place, document, "verdict");
    const char *result = value_text_if(place, verdict, "result");
    const struct json_t *reasons = value_array_if(place, verdict, "reasons");
    int found = -1;
    for (int i = 0; result != NULL && i < VERDICT_COUNT; i++)
        if (strcmp(result, verdict_name((enum verdict)i)) == 0)
            found = i;
    if (found < 0) {
        place_refuse(place, "\"verdict\": one of held, broke, inconclusive, unfit and no_target is "
                            "accepted");
        return;
    }
    judgement->verdict = (enum verdict)found;
    judgement->exit_code = (int)value_whole_if(place, verdict, "exit_code", 255, 0);
    judgement->reason_count = 0;
    for (size_t i = 0; i < value_size(reasons) && i < REASONS_MAX; i++) {
        const char *reason = value_string(value_at(reasons, i));
        if (reason != NULL)
            text_escape(judgement->reasons[judgement->reason_count++], sizeof judgement->reasons[0],
                        reason);
    }
}
