/* A saved run's plan, target, machine, findings and verdict. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "options/options.h"
#include "report/format/report_names.h"
#include "report/saved/saved_parts.h"

/* --- the plan --- */

static bool read_option(struct saved *saved, struct saved_place *place, const char *name,
                        const char *value) {
    char error[OPTIONS_ERROR_MAX];
    return options_read_member(&saved->options, name, value, error) ||
           saved_place_refuse(place, "plan: %s", error);
}

static bool read_member(struct saved *saved, struct saved_place *place, const char *name,
                        const struct json_t *value) {
    char number[32];
    const char *written = saved_value_written(value, number);
    if (saved_value_is_null(value))
        return true;
    if (written == NULL)
        return saved_place_refuse(place, "plan: \"%s\" is no option's value",
                                  refuse_quote(name).text);
    return read_option(saved, place, name, written);
}

static bool read_list(struct saved *saved, struct saved_place *place, const char *name,
                      const struct json_t *list) {
    for (size_t i = 0; i < saved_value_size(list); i++)
        if (!read_member(saved, place, name, saved_value_at(list, i)))
            return false;
    return true;
}

static bool read_options(struct saved *saved, struct saved_place *place,
                         const struct json_t *plan) {
    struct saved_value_step member = {0};
    while (saved_value_next(plan, &member)) {
        bool read = saved_value_is_list(member.value)
                        ? read_list(saved, place, member.name, member.value)
                        : read_member(saved, place, member.name, member.value);
        if (!read)
            return false;
    }
    return true;
}

/* --- where --- */

static void read_text(char *buffer, size_t size, struct saved_place *place,
                      const struct json_t *parent, const char *name) {
    const char *text = saved_value_text_if(place, parent, name);
    snprintf(buffer, size, "%s", text != NULL ? text : "");
}

static void read_ports(struct host *host, struct saved_place *place,
                       const struct json_t *environment) {
    const struct json_t *range = saved_value_array_if(place, environment, "port_range");
    host->port_low = host->port_high = -1;
    if (range == NULL)
        return;
    uint64_t low = saved_value_to_count(place, saved_value_at(range, 0), "port_range");
    uint64_t high = saved_value_to_count(place, saved_value_at(range, 1), "port_range");
    if (low > high || high > UINT16_MAX) {
        saved_place_refuse(place, "\"port_range\": [low, high] of ports is accepted");
        return;
    }
    host->port_low = (int64_t)low;
    host->port_high = (int64_t)high;
}

/* So many CPUs at most are believed. */
enum { CPUS_MAX = 1 << 20 };

static void read_host(struct host *host, struct saved_place *place,
                      const struct json_t *environment) {
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
        *numbers[i].value =
            saved_value_whole_if(place, environment, numbers[i].name, INT64_MAX, -1);
    read_text(host->kernel, sizeof host->kernel, place, environment, "kernel");
    read_text(host->machine, sizeof host->machine, place, environment, "machine");
    read_text(host->cpu_model, sizeof host->cpu_model, place, environment, "cpu_model");
    double quota = saved_value_number_if(place, environment, "cpu_quota");
    host->cpu_quota_milli = quota > 0 && quota < CPUS_MAX ? llround(quota * 1000) : 0;
    read_text(host->io_uring_group, sizeof host->io_uring_group, place, environment,
              "io_uring_group");
    read_ports(host, place, environment);
}

static bool read_address(struct address *address, const char *text) {
    char host[URL_HOST_MAX], error[URL_ERROR_MAX];
    uint16_t port;
    return text != NULL && url_parse_endpoint(text, host, &port, error) &&
           address_parse(address, host, port);
}

static void read_tls(struct tls_peer *peer, struct saved_place *place, const struct json_t *from) {
    if (from == NULL)
        return;
    read_text(peer->version, sizeof peer->version, place, from, "version");
    read_text(peer->cipher, sizeof peer->cipher, place, from, "cipher");
    read_text(peer->group, sizeof peer->group, place, from, "group");
    read_text(peer->alpn, sizeof peer->alpn, place, from, "alpn");
    read_text(peer->subject, sizeof peer->subject, place, from, "subject");
    read_text(peer->issuer, sizeof peer->issuer, place, from, "issuer");
    read_text(peer->names, sizeof peer->names, place, from, "names");
    read_text(peer->key, sizeof peer->key, place, from, "key");
    read_text(peer->unverified, sizeof peer->unverified, place, from, "unverified");
    peer->verified = saved_value_flag_if(place, from, "verified");
    peer->detached = saved_value_flag_if(place, from, "detached");
    peer->not_after = saved_value_time_if(place, from, "not_after").tv_sec;
}

bool saved_target(struct saved *saved, struct saved_place *place, const struct json_t *document) {
    const struct json_t *target = saved_value_object(place, document, "target");
    struct record_target *facts = &saved->judgement.target;
    const struct json_t *addresses = saved_value_array_if(place, target, "addresses");
    struct setup *setup = &saved->setup;
    setup->address_count = 0;
    for (size_t i = 0; i < saved_value_size(addresses) && i < ADDRESSES_MAX; i++) {
        const char *text = saved_value_string(saved_value_at(addresses, i));
        if (!read_address(&setup->addresses[setup->address_count++], text)) {
            return saved_place_refuse(place, "\"addresses\": HOST:PORT in numbers is accepted");
        }
    }
    const char *version = saved_value_text_if(place, target, "http");
    facts->answered = facts->asked = version != NULL;
    facts->minor = version == NULL || strcmp(version, "1.0") == 0 ? 0 : 1;
    facts->status = (uint16_t)saved_value_whole_if(place, target, "status", 999, 0);
    facts->keep_alive_timeout_s = -1;
    read_text(facts->server, sizeof facts->server, place, target, "server_header");
    read_text(facts->keep_alive, sizeof facts->keep_alive, place, target, "keep_alive_header");
    read_text(facts->via, sizeof facts->via, place, target, "via_header");
    read_text(facts->process, sizeof facts->process, place, target, "process");
    read_tls(&facts->tls, place, saved_value_object_if(place, target, "tls"));
    return !place->failed;
}

bool saved_sources(struct saved *saved, struct saved_place *place, const struct json_t *parent) {
    struct setup *setup = &saved->setup;
    const struct option_source_choice *choice = &saved->options.source;
    const struct json_t *list = saved_value_array_if(place, parent, "sources");
    size_t count = choice->automatic ? saved_value_size(list) : 0;
    struct address_range *ranges = setup->picked.ranges;
    const char *wrong = count > SOURCE_RANGES_MAX ? "too many" : NULL;
    setup->sources = choice->set;
    for (size_t i = 0; i < count && wrong == NULL; i++) {
        const char *text = saved_value_string(saved_value_at(list, i));
        wrong = text == NULL ? "no text" : address_range_parse(&ranges[i], text, strlen(text));
    }
    if (wrong == NULL && count > 0)
        wrong = address_set_make(&setup->sources, ranges, count);
    return wrong == NULL ||
           saved_place_refuse(place, "\"sources\": addresses and ranges of them are accepted");
}

/* Rules were once read so, and their files still are. */
static void allow_bare_seconds(struct option_rule_list *rules) {
    for (size_t i = 0; i < rules->count; i++)
        rules->items[i].bare_seconds = true;
}

/* Defaults first, then the values of the file. */
static bool read_plan(struct saved *saved, struct saved_place *place, const struct json_t *document,
                      const struct host *host) {
    char error[OPTIONS_ERROR_MAX], name[] = "report", end[] = "--";
    struct rules rules;
    const struct json_t *options = saved_value_object(place, document, "plan");
    const char *url =
        saved_value_text_if(place, saved_value_object(place, document, "target"), "url");
    if (url == NULL)
        return saved_place_refuse(place, "\"url\": the target's is accepted");
    char *kept = strdup(url), *argv[] = {name, end, kept, NULL};
    enum option_command command =
        saved_value_has(document, "capacity") ? COMMAND_CAPACITY : COMMAND_RUN;
    bool parsed = kept != NULL &&
                  options_parse(&saved->options, command, 3, argv, error) == OPTIONS_OK &&
                  read_options(saved, place, options);
    saved->options.url = NULL; /* the plan has its own copy */
    allow_bare_seconds(&saved->options.require);
    if (command == COMMAND_CAPACITY) /* as each of its steps is held */
        saved->options.duration = saved->options.hold_each;
    if (parsed) {
        saved->options.url = kept;
        parsed = (plan_make(&saved->plan, &saved->options, host, error) &&
                  rules_read(&rules, &saved->plan, (struct refuse_buffer){error, sizeof error})) ||
                 saved_place_refuse(place, "plan: %s", error);
        parsed = parsed && saved_sources(saved, place, options);
        saved->options.url = NULL;
    }
    free(kept);
    return parsed || saved_place_refuse(place, "plan: it could not be read");
}

bool saved_setting(struct saved *saved, struct saved_place *place, const struct json_t *document) {
    struct host host = {0};
    read_text(saved->version, sizeof saved->version, place,
              saved_value_object_if(place, document, "tool"), "version");
    read_host(&host, place, saved_value_object(place, document, "environment"));
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
        if (strcmp(name, outcome_side_name((enum outcome_side)i)) == 0)
            return i;
    return -1;
}

static int status_of(const char *name) {
    for (int i = 0; name != NULL && i < FINDING_STATUS_COUNT; i++)
        if (strcmp(name, report_finding_status_name((enum finding_status)i)) == 0)
            return i;
    return -1;
}

static void read_finding(struct findings *findings, struct saved_place *place,
                         const struct json_t *from) {
    const char *code = saved_value_text_if(place, from, "code");
    const char *text = saved_value_text_if(place, from, "text");
    int side = side_of(saved_value_text_if(place, from, "side"));
    int status = status_of(saved_value_text_if(place, from, "status"));
    if (!is_plain(code) || text == NULL || side < 0 || status < 0) {
        saved_place_refuse(place, "\"findings\": one of them is not as holdfast writes it");
        return;
    }
    struct finding *finding = findings_add_named(findings, code, (enum outcome_side)side,
                                                 (enum finding_status)status, "%s", text);
    finding->asked = saved_value_integer_if(place, from, "asked", FINDING_NONE);
    finding->have = saved_value_integer_if(place, from, "have", FINDING_NONE);
    finding->need = saved_value_integer_if(place, from, "need", FINDING_NONE);
    const char *evidence = saved_value_text_if(place, from, "evidence");
    if (evidence != NULL)
        finding_evidence(finding, "%s", evidence);
    finding->since_seconds = saved_value_seconds_if(place, from, "since_seconds");
    const struct json_t *todo = saved_value_array_if(place, from, "do");
    for (size_t i = 0; i < saved_value_size(todo); i++) {
        const char *line = saved_value_string(saved_value_at(todo, i));
        if (line != NULL)
            finding_do(finding, "%s", line);
    }
}

void saved_findings(struct findings *findings, struct saved_place *place,
                    const struct json_t *document) {
    const struct json_t *list = saved_value_array_if(place, document, "findings");
    for (size_t i = 0; i < saved_value_size(list) && !place->failed; i++)
        read_finding(findings, place, saved_value_at(list, i));
}

void saved_verdict(struct judgement *judgement, struct saved_place *place,
                   const struct json_t *document) {
    const struct json_t *verdict = saved_value_object(place, document, "verdict");
    const char *result = saved_value_text_if(place, verdict, "result");
    const struct json_t *reasons = saved_value_array_if(place, verdict, "reasons");
    int found = -1;
    for (int i = 0; result != NULL && i < VERDICT_COUNT; i++)
        if (strcmp(result, verdict_name((enum verdict)i)) == 0)
            found = i;
    if (found < 0) {
        saved_place_refuse(place,
                           "\"verdict\": one of held, broke, inconclusive, unfit and no_target is "
                           "accepted");
        return;
    }
    judgement->verdict = (enum verdict)found;
    judgement->exit_code = (int)saved_value_whole_if(place, verdict, "exit_code", 255, 0);
    judgement->reason_count = 0;
    for (size_t i = 0; i < saved_value_size(reasons) && i < REASONS_MAX; i++) {
        const char *reason = saved_value_string(saved_value_at(reasons, i));
        if (reason != NULL)
            text_escape(judgement->reasons[judgement->reason_count++], sizeof judgement->reasons[0],
                        reason);
    }
}
