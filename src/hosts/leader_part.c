/* A part as the leader sees it: lines that come from it, and lines that go to it. */
#include "hosts/leader_private.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/memory_stream.h"
#include "base/minmax.h"
#include "base/text.h"
#include "base/version.h"
#include "host/pins.h"
#include "options/options_row.h"
#include "report/format/log.h"
#include "report/saved/saved_value.h"

/* Who ends all at once, as systemd and batch engines do, ends the leader within LEFT_TIME too. */
static const duration END_TIMEOUT = 2 * SECOND, KILL_TIMEOUT = SECOND,
                      LEFT_TIME = 300 * MILLISECOND;

enum { CLOCK_QUESTIONS = 8, READ_BYTES = 64 * 1024, READS_MAX = 8, COMMAND_MAX = 8192 };

bool leader_is_over(const struct host_part *part) {
    return part->state >= PART_ENDED;
}

const struct record *leader_record_of(const struct host_part *part) {
    bool begun = part->follow != NULL && saved_follow_has_begun(part->follow);
    const struct saved *saved = begun ? saved_follow_saved(part->follow) : NULL;
    return saved != NULL ? saved->record : NULL;
}

const char *const leader_phase_names[HOST_PHASES] = {"start", "ramp", "hold", "freeze", "drain"};

bool leader_is_frozen(const struct host_part *part) {
    const char *phase = saved_follow_phase(part->follow);
    return part->left_at.ns == 0 && strcmp(phase, leader_phase_names[IN_DRAIN]) == 0;
}

/* What it had is gone with it. */
void leader_lose_held(struct tally *tally, const struct host_part *part) {
    tally->counts.phase = leader_is_frozen(part) ? WORKER_FROZEN : WORKER_HOLDING;
    tally_lose_worker(tally);
    tally->counts.phase = 0;
}

enum host_phase leader_phase(const struct leader *leader) {
    enum host_phase least = IN_DRAIN;
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        if (!leader_is_over(part) && part->phase < least)
            least = part->phase;
    }
    return least;
}

/* --- to it --- */

typedef void write_line(FILE *out, const void *with);

/* Where nobody reads any more, the end of its output says why. */
static void lose_unsent(struct leader *leader, struct host_part *part, const char *what,
                        int error) {
    if (error == -EAGAIN)
        leader_lose(leader, part, "%s could not be sent: more than %d KiB wait for it", what,
                    LINE_WRITER_BUFFER_MAX / 1024);
    else if (error != 0 && error != -EPIPE)
        leader_lose(leader, part, "%s could not be sent: %s", what, strerror(-error));
}

static int send_line(struct host_part *part, write_line *write_one, const void *with) {
    struct memory_stream stream;
    if (part->in.fd < 0)
        return 0;
    if (!memory_stream_open(&stream))
        return -ENOMEM;
    write_one(stream.out, with);
    int error = memory_stream_close(&stream) ? 0 : -ENOMEM;
    if (error == 0)
        error = line_writer_write(&part->in, stream.text, stream.length);
    free(stream.text);
    return error;
}

bool leader_flush(struct leader *leader) {
    bool held = false;
    for (size_t i = 0; i < leader->count; i++) {
        struct host_part *part = &leader->parts[i];
        if (part->in.fd < 0 || part->in.length == 0)
            continue;
        lose_unsent(leader, part, "a line", line_writer_write(&part->in, "", 0));
        held |= part->in.length > 0;
    }
    return held;
}

static void write_clock(FILE *out, const void *with) {
    message_write_ask_clock(out, *(const int64_t *)with);
}

static void write_arm(FILE *out, const void *with) {
    (void)with;
    message_write_arm(out);
}

static void write_go(FILE *out, const void *with) {
    message_write_go(out, *(const int64_t *)with);
}

static void write_stop(FILE *out, const void *with) {
    (void)with;
    message_write_stop(out);
}

static void write_hurry(FILE *out, const void *with) {
    (void)with;
    message_write_hurry(out);
}

static void write_abort(FILE *out, const void *with) {
    message_write_abort(out, with);
}

struct numbered_mark {
    const char *text;
    uint32_t number;
};

static void write_mark(FILE *out, const void *with) {
    const struct numbered_mark *mark = with;
    message_write_mark(out, mark->text, mark->number);
}

void leader_compare_clock(struct leader *leader, struct host_part *part) {
    part->state = PART_COMPARING;
    part->asked++;
    part->asked_at = net_now(leader->loop.net);
    lose_unsent(leader, part, "a question", send_line(part, write_clock, &part->asked));
}

void leader_send_arm(struct leader *leader, struct host_part *part) {
    part->state = PART_ARMED;
    lose_unsent(leader, part, "an order", send_line(part, write_arm, NULL));
}

void leader_send_go(struct leader *leader, struct host_part *part, instant go) {
    int64_t theirs = clock_offset_theirs(&part->clock, go);
    part->state = PART_RUNNING;
    part->phase = IN_RAMP;
    lose_unsent(leader, part, "the order to go", send_line(part, write_go, &theirs));
}

void leader_send_stop(struct leader *leader, struct host_part *part) {
    lose_unsent(leader, part, "the order to stop", send_line(part, write_stop, NULL));
}

void leader_send_hurry(struct leader *leader, struct host_part *part) {
    lose_unsent(leader, part, "the order to stop", send_line(part, write_hurry, NULL));
}

void leader_send_abort(struct leader *leader, struct host_part *part, const char *rule) {
    lose_unsent(leader, part, "the order to stop", send_line(part, write_abort, rule));
}

void leader_send_mark(struct leader *leader, struct host_part *part, const char *text,
                      uint32_t number) {
    int error = send_line(part, write_mark, &(struct numbered_mark){text, number});
    if (error != -EAGAIN && error != -ENOMEM) /* left out: the run is the same without */
        lose_unsent(leader, part, "a mark", error);
}

/* --- the plan as its options --- */

struct plan_words {
    const char *items[MESSAGE_WORDS_MAX];
    size_t count;
    bool failed; /* not all are there */
    char *room[MESSAGE_WORDS_MAX];
    const char *url;
};

static void add_word(struct plan_words *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_word(struct plan_words *words, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *word = NULL;
    if (words->count < MESSAGE_WORDS_MAX && vasprintf(&word, format, arguments) >= 0) {
        words->room[words->count] = word;
        words->items[words->count++] = word;
    } else {
        words->failed = true;
    }
    va_end(arguments);
}

/* What the leader alone does, or what it says to each part itself. */
static bool is_leaders(enum option_id id) {
    static const enum option_id ids[] = {
        ROW_hosts,         ROW_remote,     ROW_on_host_loss, ROW_json,    ROW_html,
        ROW_junit,         ROW_hgrm,       ROW_timeline,     ROW_metrics, ROW_ui,
        ROW_quiet,         ROW_color,      ROW_config,       ROW_seed,    ROW_shard,
        ROW_server_status, ROW_server_log, ROW_server_pid,   ROW_exec_at, ROW_abort_on_fail,
        ROW_start_at};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* Whether a share of the plan can be held against it: no rule about what the server says, of which
 * a part knows nothing, and none about how much all have together. */
static bool is_of_part(const struct rule *rule) {
    enum rule_unit unit = rule->metric.unit;
    bool amount = unit == RULE_UNIT_COUNT || unit == RULE_UNIT_RATE || unit == RULE_UNIT_BYTES ||
                  unit == RULE_UNIT_SHARE || strcmp(rule->metric.name, "cpu_seconds") == 0;
    bool none = unit == RULE_UNIT_COUNT && rule->value == 0;
    return strncmp(rule->metric.name, "server_", strlen("server_")) != 0 &&
           (!amount || rule->percent || none);
}

/* Without any a part would be judged by what was not asked for: one that always holds. */
static void add_rules(struct plan_words *words, const struct rules *rules) {
    size_t before = words->count;
    for (size_t i = 0; i < rules->count; i++)
        if (is_of_part(&rules->items[i]))
            add_word(words, "--require=%s", rules->items[i].expression);
    if (words->count == before)
        add_word(words, "--require=attempted>=0");
}

static void add_list(struct plan_words *words, const struct options *options,
                     const struct option_row *row) {
    const void *field = (const char *)options + row->offset;
    const struct option_name name = option_name(row);
    const struct option_text_list *list = field;
    for (size_t i = 0; i < list->count; i++)
        add_word(words, "--%s=%s", name.text, list->items[i]);
}

static void add_options(struct plan_words *words, const struct options *options,
                        const struct rules *rules) {
    char buffer[OPTION_VALUE_MAX];
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
        if ((row->commands & COMMAND_RUN) == 0 || is_leaders(row->id) ||
            !option_is_given(options, row) || (row->id == ROW_resolve && host_pins_any()))
            continue;
        struct option_name name = option_name(row);
        const char *value = option_value(options, row, buffer);
        if (row->kind == KIND_rules)
            add_rules(words, rules);
        else if (option_is_list(row))
            add_list(words, options, row);
        else if (row->kind == KIND_flag && strcmp(value, "true") == 0)
            add_word(words, "--%s", name.text);
        else if (row->kind != KIND_flag && value != NULL)
            add_word(words, "--%s=%s", name.text, value);
    }
}

static void write_addresses(FILE *out, const struct address *addresses, size_t count) {
    char text[ADDRESS_TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        address_format(&addresses[i], text, sizeof text);
        *strrchr(text, ':') = '\0'; /* its port */
        fprintf(out, "%c%s", i == 0 ? ':' : ',', text);
    }
}

/* Where names are pinned here, they have the same addresses on each host: it asks nobody. */
static void add_pins(struct plan_words *words, const struct plan *plan) {
    struct address addresses[ADDRESSES_MAX];
    struct memory_stream text;
    bool numeric = address_parse(&addresses[0], plan->connect_host, plan->connect_port);
    if (!host_pins_any() || numeric)
        return;
    size_t count = host_pinned(plan->connect_host, plan->connect_port, addresses);
    if (count == 0 || !memory_stream_open(&text)) {
        words->failed = true;
        return;
    }
    fprintf(text.out, "%s:%u", plan->connect_host, (unsigned)plan->connect_port);
    write_addresses(text.out, addresses, count);
    if (memory_stream_close(&text))
        add_word(words, "--resolve=%s", text.text);
    else
        words->failed = true;
    free(text.text);
}

/* I/N, or with the sizes where they are not equal. */
static void add_shard(struct plan_words *words, const struct leader *leader,
                      const struct host_part *part) {
    struct memory_stream text;
    size_t index = (size_t)(part - leader->parts);
    if (!leader->sized) {
        add_word(words, "--shard=%zu/%zu", index + 1, leader->count);
        return;
    }
    if (!memory_stream_open(&text)) {
        words->failed = true;
        return;
    }
    for (size_t i = 0; i < leader->count; i++)
        fprintf(text.out, "%s%" PRIu32, i > 0 ? "+" : "", leader->shares[i]);
    if (memory_stream_close(&text))
        add_word(words, "--shard=%zu/%s", index + 1, text.text);
    else
        words->failed = true;
    free(text.text);
}

static void write_plan(FILE *out, const void *with) {
    const struct plan_words *words = with;
    message_write_plan(out, words->items, words->count, words->url);
}

void leader_send_plan(struct leader *leader, struct host_part *part) {
    struct plan_words *words = calloc(1, sizeof *words);
    if (words == NULL) {
        lose_unsent(leader, part, "the plan", -ENOMEM);
        return;
    }
    words->url = leader->plan->options->url;
    add_options(words, leader->plan->options, &leader->rules);
    add_pins(words, leader->plan);
    add_word(words, "--seed=%" PRIu64, leader->plan->seed);
    if (leader->count > 1)
        add_shard(words, leader, part);
    part->state = PART_FITTING;
    if (words->failed)
        leader_lose(leader, part, "the plan could not be sent: of %d options at most, or no memory",
                    MESSAGE_WORDS_MAX);
    else
        lose_unsent(leader, part, "the plan", send_line(part, write_plan, words));
    for (size_t i = 0; i < words->count; i++)
        free(words->room[i]);
    free(words);
}

/* --- from it --- */

/* A banner is some lines, and what a broken shell prints may have no end. */
enum { SHOWN_MAX = 200 };

/* Beside the protocol: kept for a message, and shown. ssh ends its lines with CR LF. */
static void show(struct leader *leader, struct host_part *part, const char *line, size_t length) {
    char text[160], shown[sizeof part->said + HOST_NAME_SIZE + 40];
    snprintf(text, sizeof text, "%.*s", (int)(length < sizeof text ? length : sizeof text - 1),
             line);
    size_t end = strlen(text);
    while (end > 0 && strchr(" \t\r", text[end - 1]) != NULL)
        text[--end] = '\0';
    if (end == 0)
        return;
    text_escape(part->said, sizeof part->said, text);
    if (part->shown == SHOWN_MAX)
        return;
    bool last = ++part->shown == SHOWN_MAX;
    snprintf(shown, sizeof shown, "%s: %s%s", part->name, last ? "no more of this is shown: " : "",
             part->said);
    screen_print(&leader->screen, LOG_LEVEL_NOTE, shown);
}

void leader_lose(struct leader *leader, struct host_part *part, const char *format, ...) {
    va_list arguments;
    if (leader_is_over(part))
        return;
    va_start(arguments, format);
    vsnprintf(part->why, sizeof part->why, format, arguments);
    va_end(arguments);
    bool ran = part->state == PART_RUNNING;
    part->state = PART_LOST;
    part->lost_at = net_now(leader->loop.net);
    line_writer_close(&part->in);
    part->remote.in = -1;
    if (ran)
        notes_print(&leader->notes, "%s is lost: %s", part->name, part->why);
}

bool leader_is_leaving(const struct leader *leader, const struct host_part *part) {
    return part->left_at.ns != 0 && part->state != PART_LOST && !leader->stopping;
}

bool leader_all_over(const struct leader *leader) {
    for (size_t i = 0; i < leader->count; i++)
        if (!leader_is_over(&leader->parts[i]) || leader_is_leaving(leader, &leader->parts[i]))
            return false;
    return true;
}

static instant left_due(const struct host_part *part) {
    return instant_after(part->left_at, LEFT_TIME);
}

instant leader_left_due(const struct leader *leader) {
    instant due = INSTANT_NEVER;
    for (size_t i = 0; i < leader->count; i++)
        if (leader_is_leaving(leader, &leader->parts[i]))
            due = instant_earlier(due, left_due(&leader->parts[i]));
    return due;
}

/* Also when it has come to its end: what it held is lost to the others all the same. */
void leader_lose_left(struct leader *leader) {
    instant now = net_now(leader->loop.net);
    for (size_t i = 0; i < leader->count; i++) {
        struct host_part *part = &leader->parts[i];
        if (!leader_is_leaving(leader, part) || instant_before(now, left_due(part)))
            continue;
        part->state = PART_RUNNING;
        leader_lose(leader, part, "a signal ended it there");
    }
}

static void take_hello(struct leader *leader, struct host_part *part,
                       const struct message *message) {
    part->answered =
        message->protocol == MESSAGE_PROTOCOL && strcmp(message->version, version_string) == 0;
    if (part->answered)
        leader_send_plan(leader, part);
    else
        leader_lose(leader, part,
                    "it has holdfast %s (protocol %" PRId64 "), this is %s (protocol %d): the same "
                    "version on every host is accepted",
                    refuse_quote(message->version).text, message->protocol, version_string,
                    MESSAGE_PROTOCOL);
}

static void take_clock(struct leader *leader, struct host_part *part,
                       const struct message *message) {
    if (part->state != PART_COMPARING || message->number != part->asked || message->clock_ns < 0)
        return;
    clock_offset_take(&part->clock, part->asked_at, net_now(leader->loop.net), message->clock_ns);
    if (part->asked < CLOCK_QUESTIONS)
        leader_compare_clock(leader, part);
    else
        part->state = PART_COMPARED;
}

static void keep_findings(struct host_part *part, const struct message *message) {
    static struct findings all; /* too large for the stack */
    memset(&all, 0, sizeof all);
    memset(&part->findings, 0, sizeof part->findings);
    message_findings(&all, message);
    for (size_t i = 0; i < all.count; i++) {
        const struct finding *from = &all.items[i];
        if (from->status != FINDING_WARN && from->status != FINDING_FAIL)
            continue;
        *findings_add_named(&part->findings, from->name, from->side, from->status, "%s",
                            from->text) = *from;
    }
}

static void take_fit(struct host_part *part, const struct message *message) {
    if (part->state != PART_FITTING)
        return;
    part->state = PART_FITTED;
    part->fits = message->fits;
    part->exit_code = (int)message->exit_code;
    part->can_hold = message->room;
    part->asked_target += message->asked;
    text_escape(part->limit, sizeof part->limit, message->limit);
    text_escape(part->reason, sizeof part->reason, message->reason);
    keep_findings(part, message);
}

static void take_sample(struct host_part *part, const struct json_t *line) {
    char unread[128] = "";
    struct saved_place place = {.to = {unread, sizeof unread}};
    if (!saved_value_has(line, "t"))
        return;
    part->cpu_percent = saved_value_number_if(&place, line, "cpu_percent");
    part->descriptors = saved_value_number_if(&place, line, "descriptors");
    part->lag_seconds = saved_value_seconds_if(&place, line, "loop_lag_seconds");
    seconds_part_take(&part->seconds, saved_value_seconds_if(&place, line, "t"),
                      part->phase == IN_HOLD, saved_value_count_if(&place, line, "live_min"),
                      saved_value_number_if(&place, line, "client_per_second"));
}

static void take_phase(struct host_part *part, const char *name) {
    for (int i = 0; i < HOST_PHASES; i++)
        if (strcmp(name, leader_phase_names[i]) == 0)
            part->phase = (enum host_phase)i;
}

/* Who is told to end says so too: then it is no news. */
static void look_whether_left(const struct leader *leader, struct host_part *part) {
    const struct record *record = leader_record_of(part);
    if (record != NULL && record->interrupted && part->left_at.ns == 0 && !leader->stopping)
        part->left_at = net_now(leader->loop.net);
}

static void end_part(struct leader *leader, struct host_part *part) {
    const struct record *record = leader_record_of(part);
    part->state = PART_ENDED;
    if (record != NULL && record->ended_empty && !leader_all_over(leader))
        notes_print(&leader->notes, "%s ended early: " RECORD_ENDED_EMPTY, part->name);
}

static void take_timeline(struct leader *leader, struct host_part *part,
                          const struct message *message) {
    if (saved_value_has(message->document, "schema")) {
        saved_follow_close(part->follow); /* a plan that was sent again */
        part->follow = saved_follow_open(part->name);
    }
    if (part->follow == NULL)
        return;
    if (message->clock_ns > 0) /* 0: it ended before */
        part->started = clock_offset_ours(&part->clock, message->clock_ns);
    if (!saved_follow_line(part->follow, message->document))
        leader_lose(leader, part, "what it sent could not be read: %.200s",
                    saved_follow_error(part->follow));
    take_phase(part, message->phase);
    take_sample(part, message->document);
    look_whether_left(leader, part);
    if (saved_follow_has_ended(part->follow) && !leader_is_over(part) &&
        part->state == PART_RUNNING)
        end_part(leader, part);
}

static void take_message(struct leader *leader, struct host_part *part,
                         const struct message *message) {
    switch (message->kind) {
    case MESSAGE_HELLO:
        if (part->state == PART_STARTING)
            take_hello(leader, part, message);
        break;
    case MESSAGE_CLOCK: take_clock(leader, part, message); break;
    case MESSAGE_FIT: take_fit(part, message); break;
    case MESSAGE_READY:
        if (part->state == PART_ARMED)
            part->state = PART_READY;
        break;
    case MESSAGE_PHASE: take_phase(part, message->phase); break;
    case MESSAGE_TIMELINE: take_timeline(leader, part, message); break;
    case MESSAGE_EXIT:
        leader_read_err(leader, part); /* why, it says there */
        leader_lose(leader, part, "it ended with exit code %" PRId64 "%s%s", message->number,
                    part->said[0] != '\0' ? ": " : "", part->said);
        break;
    case MESSAGE_PLAN:
    case MESSAGE_ARM:
    case MESSAGE_OTHER: break;
    }
}

static void take_line(struct leader *leader, struct host_part *part, const char *line,
                      size_t length) {
    char error[200] = "";
    struct message message;
    static const char hello[] = "{\"part\"";
    bool ours = part->state != PART_STARTING ||
                (length >= sizeof hello - 1 && memcmp(line, hello, sizeof hello - 1) == 0);
    part->heard = net_now(leader->loop.net);
    if (!ours) {
        show(leader, part, line, length);
        return;
    }
    if (!message_read(&message, line, length, (struct refuse_buffer){error, sizeof error}))
        leader_lose(leader, part, "what it sent could not be read: %s", error);
    else if (message.document == NULL)
        show(leader, part, line, length);
    else if (!leader_is_over(part))
        take_message(leader, part, &message);
    message_free(&message);
}

static void take_lines(struct leader *leader, struct host_part *part) {
    size_t at = 0;
    for (const char *end; (end = memchr(part->bytes + at, '\n', part->length - at)) != NULL;) {
        size_t length = (size_t)(end - (part->bytes + at));
        take_line(leader, part, part->bytes + at, length);
        at += length + 1;
    }
    part->length -= at;
    memmove(part->bytes, part->bytes + at, part->length);
    if (part->length > MESSAGE_LINE_MAX) {
        part->length = 0;
        leader_lose(leader, part, "it sent a line of more than 1 MiB");
    }
}

static bool make_room(struct host_part *part) {
    if (part->room - part->length >= READ_BYTES)
        return true;
    char *more = realloc(part->bytes, part->room + 2 * READ_BYTES);
    if (more == NULL)
        return false;
    part->bytes = more;
    part->room += 2 * READ_BYTES;
    return true;
}

/* Its exit status, if it is over or just about to be; else it is ended. */
static bool reap(struct host_part *part, int *status) {
    enum { GRACE_MS = 20 };
    bool over = remote_reap(&part->remote, GRACE_MS, status);
    if (!over)
        remote_kill(&part->remote);
    return over;
}

static void explain_exit(struct leader *leader, struct host_part *part) {
    const char *between = part->said[0] != '\0' ? "; it said: " : "";
    int status = 0;
    if (!reap(part, &status))
        leader_lose(leader, part, "its output ended%s%s", between, part->said);
    else if (WIFSIGNALED(status))
        leader_lose(leader, part, "its command here was killed by signal %d%s%s", WTERMSIG(status),
                    between, part->said);
    else
        leader_lose(leader, part, "its command here ended with exit code %d%s%s",
                    WEXITSTATUS(status), between, part->said);
}

/* Nothing more comes from it; whoever leads it here is over, or soon will be. */
static void end_out(struct leader *leader, struct host_part *part) {
    descriptor_close(&part->remote.out);
    leader_read_err(leader, part);
    if (!leader_is_over(part))
        explain_exit(leader, part);
}

void leader_read_out(struct leader *leader, struct host_part *part) {
    for (int i = 0; i < READS_MAX && part->remote.out >= 0 && make_room(part); i++) {
        ssize_t got = read(part->remote.out, part->bytes + part->length, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            end_out(leader, part);
            return;
        }
        part->length += (size_t)got;
        take_lines(leader, part);
    }
}

static void take_err_lines(struct leader *leader, struct host_part *part) {
    char *end;
    while ((end = memchr(part->err, '\n', part->err_length)) != NULL ||
           part->err_length == sizeof part->err) {
        size_t length = end != NULL ? (size_t)(end - part->err) : part->err_length;
        show(leader, part, part->err, length);
        size_t taken = end != NULL ? length + 1 : length;
        part->err_length -= taken;
        memmove(part->err, part->err + taken, part->err_length);
    }
}

void leader_read_err(struct leader *leader, struct host_part *part) {
    for (int i = 0; i < READS_MAX && part->remote.err >= 0; i++) {
        ssize_t got = read(part->remote.err, part->err + part->err_length,
                           sizeof part->err - part->err_length);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            return;
        if (got <= 0) {
            descriptor_close(&part->remote.err);
            return;
        }
        part->err_length += (size_t)got;
        take_err_lines(leader, part);
    }
}

/* --- from nothing to hello --- */

/* Pipes of all hosts together stay below what one user may have (pipe-user-pages-soft, 64 MiB). */
static int out_bytes(size_t count) {
    static const size_t all = 16 << 20, most = 1 << 20, least = 1 << 16;
    return (int)max_size(least, min_size(most, all / count));
}

static void start_part(struct leader *leader, struct host_part *part) {
    const struct options *options = leader->plan->options;
    char line[COMMAND_MAX];
    const char *remote = options->remote != NULL ? options->remote : REMOTE_SHELL;
    part->heard = net_now(leader->loop.net);
    part->cpu_percent = part->descriptors = part->lag_seconds = NAN;
    part->can_hold = -1;
    if (!remote_command(line, sizeof line, remote, part->name, "holdfast part")) {
        leader_lose(leader, part, "--remote is too long");
        return;
    }
    int error = remote_start(&part->remote, line, out_bytes(leader->count));
    if (error != 0) {
        leader_lose(leader, part, "its command could not be started: %s", strerror(-error));
        return;
    }
    line_writer_open(&part->in, part->remote.in);
}

void leader_start_parts(struct leader *leader) {
    const char *list = leader->plan->options->hosts;
    for (size_t i = 0; i < leader->count && host_list_next(&list, leader->parts[i].name); i++)
        start_part(leader, &leader->parts[i]);
}

/* --- the end --- */

static int left_ms(const struct leader *leader, instant until) {
    duration left = instant_since(until, net_now(leader->loop.net));
    return left > 0 ? (int)(left / MILLISECOND) : 0;
}

/* Its command here ends by itself, for its input has; a second interrupt waits for nobody. */
static void await_end(struct leader *leader, struct host_part *part, instant until) {
    int status;
    if (leader->cut)
        part->remote.pid = 0;
    else if (!part->silent)
        (void)remote_reap(&part->remote, left_ms(leader, until), &status);
    remote_kill(&part->remote);
}

/* What is not ours to kill is waited for no longer than the rest. */
static void end_parts(struct leader *leader) {
    instant until = instant_after(net_now(leader->loop.net), END_TIMEOUT);
    for (size_t i = 0; i < leader->count; i++)
        await_end(leader, &leader->parts[i], until);
    until = instant_after(net_now(leader->loop.net), KILL_TIMEOUT);
    for (size_t i = 0; i < leader->count; i++) {
        struct host_part *part = &leader->parts[i];
        remote_end(&part->remote, left_ms(leader, until));
        saved_follow_close(part->follow);
        free(part->bytes);
    }
}

void leader_free_parts(struct leader *leader) {
    if (leader->parts == NULL)
        leader->count = 0;
    for (size_t i = 0; i < leader->count; i++) {
        line_writer_close(&leader->parts[i].in);
        leader->parts[i].remote.in = -1;
    }
    if (leader->count > 0)
        end_parts(leader);
    free(leader->parts);
    free(leader->shares);
}
