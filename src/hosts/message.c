/* Lines of the protocol, written and read. */
#include "hosts/message.h"

#include <string.h>

#include "base/json_write.h"
#include "base/version.h"
#include "report/export/json_sections.h"
#include "report/saved/saved_parts.h"
#include "report/saved/saved_value.h"

/* 73 years: the sums of some stay below 2^63. */
static const int64_t clock_max = INT64_C(1) << 61;

/* --- writing --- */

static void begin(struct json_writer *json, FILE *out) {
    json_write_begin(json, out, false);
    json_write_object(json);
}

static void end(struct json_writer *json) {
    json_write_object_end(json);
    json_write_end(json);
}

void message_write_hello(FILE *out) {
    struct json_writer json;
    begin(&json, out);
    json_write_int_member(&json, "part", MESSAGE_PROTOCOL);
    json_write_string_member(&json, "version", version_string);
    end(&json);
}

static void write_number(FILE *out, const char *name, int64_t number) {
    struct json_writer json;
    begin(&json, out);
    json_write_int_member(&json, name, number);
    end(&json);
}

static void write_flag(FILE *out, const char *name) {
    struct json_writer json;
    begin(&json, out);
    json_write_bool_member(&json, name, true);
    end(&json);
}

void message_write_ask_clock(FILE *out, int64_t number) {
    write_number(out, "clock", number);
}

void message_write_clock(FILE *out, int64_t number, int64_t clock_ns) {
    struct json_writer json;
    begin(&json, out);
    json_write_int_member(&json, "clock", number);
    json_write_int_member(&json, "monotonic_ns", clock_ns);
    end(&json);
}

void message_write_fit(FILE *out, bool fits, int64_t room, const char *limit,
                       const struct judgement *judgement) {
    struct json_writer json;
    begin(&json, out);
    json_write_bool_member(&json, "fit", fits);
    json_write_int_member(&json, "exit_code", judgement->exit_code);
    json_member_known_int(&json, "room", room);
    json_write_uint_member(&json, "asked", judgement->target.answered);
    json_write_string_member(&json, "limit", limit);
    json_write_string_member(&json, "reason",
                             judgement->reason_count > 0 ? judgement->reasons[0] : "");
    json_section_findings(&json, &judgement->findings);
    end(&json);
}

void message_write_exit(FILE *out, int code) {
    write_number(out, "exit", code);
}

void message_write_plan(FILE *out, const char *const *words, size_t count, const char *url) {
    struct json_writer json;
    begin(&json, out);
    json_write_name(&json, "plan");
    json_write_array(&json);
    for (size_t i = 0; i < count; i++)
        json_write_string(&json, words[i]);
    json_write_array_end(&json);
    json_write_string_member(&json, "url", url);
    end(&json);
}

void message_write_arm(FILE *out) {
    write_flag(out, "arm");
}

void message_write_go(FILE *out, int64_t clock_ns) {
    write_number(out, "go", clock_ns);
}

void message_write_stop(FILE *out) {
    write_flag(out, "stop");
}

void message_write_hurry(FILE *out) {
    write_flag(out, "hurry");
}

void message_write_abort(FILE *out, const char *rule) {
    struct json_writer json;
    begin(&json, out);
    json_write_string_member(&json, "abort", rule);
    end(&json);
}

void message_write_mark(FILE *out, const char *text, uint32_t number) {
    struct json_writer json;
    begin(&json, out);
    json_write_string_member(&json, "mark", text);
    json_write_uint_member(&json, "number", number);
    end(&json);
}

/* --- reading --- */

static const char *text_of(struct saved_place *place, const struct json_t *document,
                           const char *name) {
    const char *text = saved_value_text_if(place, document, name);
    return text != NULL ? text : "";
}

static enum message_kind kind_of(const struct json_t *document) {
    static const struct {
        const char *member;
        enum message_kind kind;
    } rows[] = {
        {"part", MESSAGE_HELLO},      {"clock", MESSAGE_CLOCK},     {"fit", MESSAGE_FIT},
        {"ready", MESSAGE_READY},     {"exit", MESSAGE_EXIT},       {"plan", MESSAGE_PLAN},
        {"arm", MESSAGE_ARM},         {"schema", MESSAGE_TIMELINE}, {"begin", MESSAGE_TIMELINE},
        {"end", MESSAGE_TIMELINE},    {"t", MESSAGE_TIMELINE},      {"phase", MESSAGE_PHASE},
        {"endings", MESSAGE_TIMELINE}};
    /* A header of a timeline has a plan too. */
    if (saved_value_has(document, "schema"))
        return MESSAGE_TIMELINE;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (saved_value_has(document, rows[i].member))
            return rows[i].kind;
    return MESSAGE_OTHER;
}

static void read_plan(struct message *message, struct saved_place *place) {
    const struct json_t *list = saved_value_array_if(place, message->document, "plan");
    size_t count = saved_value_size(list);
    message->url = text_of(place, message->document, "url");
    if (count > MESSAGE_WORDS_MAX)
        saved_place_refuse(place, "\"plan\": at most %d options are accepted", MESSAGE_WORDS_MAX);
    for (size_t i = 0; i < count && !place->failed; i++) {
        const char *word = saved_value_string(saved_value_at(list, i));
        if (word == NULL)
            saved_place_refuse(place, "\"plan\": texts are accepted");
        else
            message->words[message->word_count++] = word;
    }
}

static void read_fit(struct message *message, struct saved_place *place) {
    const struct json_t *document = message->document;
    message->fits = saved_value_flag_if(place, document, "fit");
    message->exit_code = saved_value_whole_if(place, document, "exit_code", 255, 0);
    message->room = saved_value_whole_if(place, document, "room", INT64_MAX, -1);
    message->asked = (uint64_t)saved_value_whole_if(place, document, "asked", 1, 0);
    message->limit = text_of(place, document, "limit");
    message->reason = text_of(place, document, "reason");
}

static void read_members(struct message *message, struct saved_place *place) {
    const struct json_t *document = message->document;
    message->clock_ns = -1;
    switch (message->kind) {
    case MESSAGE_HELLO:
        message->protocol = saved_value_whole_if(place, document, "part", INT64_MAX, 0);
        message->version = text_of(place, document, "version");
        break;
    case MESSAGE_CLOCK:
        message->number = saved_value_whole_if(place, document, "clock", INT64_MAX, 0);
        message->clock_ns = saved_value_whole_if(place, document, "monotonic_ns", clock_max, -1);
        break;
    case MESSAGE_FIT: read_fit(message, place); break;
    case MESSAGE_EXIT:
        message->number = saved_value_whole_if(place, document, "exit", 255, 0);
        break;
    case MESSAGE_TIMELINE:
        message->clock_ns = saved_value_whole_if(place, document, "started_ns", clock_max, -1);
        message->phase = text_of(place, document, "phase");
        break;
    case MESSAGE_PHASE: message->phase = text_of(place, document, "phase"); break;
    case MESSAGE_PLAN: read_plan(message, place); break;
    case MESSAGE_READY:
    case MESSAGE_ARM:
    case MESSAGE_OTHER: break;
    }
}

bool message_read(struct message *message, const char *line, size_t length,
                  struct refuse_buffer to) {
    struct saved_place place = {.to = to, .file = refuse_quote("a line")};
    struct saved_value_fault fault;
    memset(message, 0, sizeof *message);
    message->version = message->limit = message->reason = message->url = message->phase = "";
    if (length == 0 || line[0] != '{')
        return true;
    message->document = saved_value_parse(line, length, &fault);
    if (message->document == NULL)
        return saved_place_refuse(&place, "no JSON: %s", fault.text.text);
    message->kind = kind_of(message->document);
    read_members(message, &place);
    return !place.failed;
}

void message_free(struct message *message) {
    if (message->document != NULL)
        saved_value_free(message->document);
    message->document = NULL;
}

void message_findings(struct findings *findings, const struct message *message) {
    char unread[256] = "";
    struct saved_place place = {.to = {unread, sizeof unread}, .file = refuse_quote("a line")};
    saved_findings(findings, &place, message->document);
}
