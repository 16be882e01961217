/* A saved run read back: lines of a timeline one by one, or a report in one piece. */
#include "report/saved/saved.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "report/saved/saved_parts.h"
#include "report/saved/saved_skim.h"

#define ACCEPTED "a timeline or a JSON report of holdfast is accepted"

/* --- lines --- */

enum next { NEXT_LINE, NEXT_TORN, NEXT_LONG, NEXT_END, NEXT_FAULT };

enum { SAVED_BUFFER_BYTES = 32 << 10 }; /* at first: many files are no longer */

/* A file taken line by line, from one buffer that grows with the longest line. */
struct saved_source {
    FILE *in;
    char *buffer; /* of size bytes */
    size_t size, start, end;
    bool over;
};

/* Doubles the buffer, up to one byte more than max. */
static bool grow(struct saved_source *source, size_t max) {
    size_t size = source->size <= max / 2 ? source->size * 2 : max + 1;
    char *buffer = realloc(source->buffer, size);
    if (buffer == NULL)
        return false;
    source->buffer = buffer;
    source->size = size;
    return true;
}

/* Reads more behind the end, up to one byte more than max in all; false: errno says why not. */
static bool read_more(struct saved_source *source, size_t max) {
    if (source->end == source->size && !grow(source, max))
        return false;
    size_t got = fread(source->buffer + source->end, 1, source->size - source->end, source->in);
    source->end += got;
    source->over = got == 0;
    return got > 0 || !ferror(source->in);
}

static enum next take_line(struct saved_source *source, char **text, size_t *length) {
    for (;;) {
        *text = source->buffer + source->start;
        size_t left = source->end - source->start;
        const char *stop = memchr(*text, '\n', left);
        *length = stop != NULL ? (size_t)(stop - *text) : left;
        if (stop != NULL) {
            source->start += *length + 1;
            return NEXT_LINE;
        }
        if (left > SAVED_LINE_MAX)
            return NEXT_LONG;
        if (source->over) {
            source->start = source->end;
            return left > 0 ? NEXT_TORN : NEXT_END;
        }
        memmove(source->buffer, *text, left);
        source->start = 0;
        source->end = left;
        if (!read_more(source, SAVED_LINE_MAX))
            return NEXT_FAULT;
    }
}

static bool has_schema(const struct json_t *document, const char *name) {
    const char *schema = saved_value_string(saved_value_member(document, "schema"));
    return schema != NULL && strcmp(schema, name) == 0;
}

/* --- a timeline --- */

/* A timeline on its way from line to line. */
struct course {
    bool begun, ended;
    char *kept; /* of SAVED_LINE_MAX once it is used: the latest line, when it was only skimmed */
    size_t kept_length, kept_line;
};

static bool read_begin(struct saved *saved, struct saved_place *place, const struct json_t *line) {
    const struct json_t *run = saved_value_object(place, line, "run");
    saved->record->id = saved_value_id_if(place, run, "id");
    saved->record->started_at = saved_value_time_if(place, run, "started_at");
    saved->record->ended_at = saved->record->started_at;
    saved_findings(&saved->judgement.findings, place, line);
    return saved_sources(saved, place, line) && saved_target(saved, place, line) &&
           saved_workers(saved->record, place, line);
}

static bool take_sample(struct record *record, struct saved_place *place,
                        const struct timeline_sample *sample) {
    if (isnan(sample->t) || sample->t <= record->cut_off_seconds)
        return saved_place_refuse(place, "\"t\": seconds that grow from line to line are accepted");
    record->cut_off_seconds = sample->t;
    timeline_push(&record->timeline, sample);
    return !place->failed;
}

static bool read_sample(struct saved *saved, struct saved_place *place, const struct json_t *line) {
    if (!saved_figures(saved, place, line) || !saved_lifetimes(&saved->judgement, place, line))
        return false;
    struct timeline_sample sample = saved_sample(saved->record, place, line);
    return take_sample(saved->record, place, &sample);
}

static void free_record(struct saved *saved) {
    if (saved->record != NULL)
        free(saved->record->workers);
    if (saved->record != NULL)
        free(saved->record->hosts);
    free(saved->record);
    saved->record = NULL;
}

/* The last that is of the same code, by its name where this version does not list it. */
static struct finding *find_same(struct findings *findings, const struct finding *as) {
    for (size_t i = findings->count; i > 0; i--)
        if (strcmp(findings->items[i - 1].name, as->name) == 0)
            return &findings->items[i - 1];
    return NULL;
}

/* The facts of a finding were measured by the run alone: the finding is kept as it was written. */
static void keep_evidence(struct judgement *judgement, const struct findings *written) {
    for (size_t i = 0; i < written->count; i++) {
        const struct finding *from = &written->items[i];
        struct finding *to = find_same(&judgement->findings, from);
        if (from->evidence[0] == '\0')
            continue;
        if (to == NULL)
            to = findings_add_named(&judgement->findings, from->name, from->side, from->status,
                                    "%s", from->text);
        *to = *from;
    }
}

/* The end: its verdict is judged anew, but for a preflight's end, of which there is no record. */
static bool read_end(struct saved *saved, struct saved_place *place, const struct json_t *line) {
    struct judgement *judgement = &saved->judgement;
    static struct judgement written; /* too large for a small stack */
    memset(&written, 0, sizeof written);
    saved_verdict(&written, place, line);
    if (!saved_value_has(line, "connections")) {
        saved_verdict(judgement, place, line);
        free_record(saved);
        return !place->failed;
    }
    if (saved->record->started_at.tv_sec == 0)
        return saved_place_refuse(place, "the end of a load without its \"started_at\": a line "
                                         "that begins with it is accepted");
    if (!saved_figures(saved, place, line) || !saved_lifetimes(judgement, place, line))
        return false;
    judge_run(judgement, &saved->plan, saved->record);
    saved_hosts(saved->record, place, line);
    saved_findings(&written.findings, place, line);
    keep_evidence(judgement, &written.findings);
    saved->judged_otherwise =
        written.verdict != judgement->verdict || written.exit_code != judgement->exit_code;
    return !place->failed;
}

/* The file ends in mid-run: what is not known of the end is marked so, and the ledger closed. */
static void cut_off(struct saved *saved) {
    struct record *record = saved->record;
    struct judgement *judgement = &saved->judgement;
    struct tally_counts *counts = &record->total.counts;
    if (record->started_at.tv_sec == 0) {
        free_record(saved);
        judgement->verdict = VERDICT_INCONCLUSIVE;
        judgement->exit_code = EXIT_INCONCLUSIVE;
        judgement->reason_count = 1;
        snprintf(judgement->reasons[0], sizeof judgement->reasons[0],
                 "the timeline ends before the load: the run was cut off");
        return;
    }
    record->cut_off = record->interrupted = true;
    record->ramp_cut |= isnan(record->ramp_seconds);
    record->drain_seconds = NAN;
    record->unfinished = counts->outstanding;
    memset(counts->drain, 0, sizeof counts->drain);
    counts->drain[OUTCOME_drained] = counts->live;
    counts->drain[OUTCOME_abandoned] = counts->connecting;
    judge_run(judgement, &saved->plan, record);
}

static bool read_line(struct saved *saved, struct saved_place *place, const struct json_t *line,
                      struct course *course) {
    if (course->ended)
        return saved_place_refuse(place, "a line after the end: one run a file is accepted");
    if (!saved_value_is_object(line))
        return saved_place_refuse(place, "an object is accepted");
    bool begins = saved_value_flag_if(place, line, "begin");
    if (begins == course->begun)
        return saved_place_refuse(place,
                                  begins ? "it begins a second time" : "it has not begun yet");
    course->begun = true;
    course->ended = saved_value_flag_if(place, line, "end");
    if (begins)
        return read_begin(saved, place, line);
    if (!course->ended && saved_value_has(line, "endings"))
        return saved_endings(saved->record, place, line);
    return course->ended ? read_end(saved, place, line) : read_sample(saved, place, line);
}

/* An hour of samples is read and checked whole; of a longer run they are skimmed from there on. */
enum { READ_WHOLE_MAX = TIMELINE_MAX };

/* True when it took the line: a sample, of which the rest is read only if no line follows. */
static bool skim_line(struct saved *saved, struct saved_place *place, const char *text,
                      size_t length, struct course *course) {
    struct timeline_sample sample;
    if (!course->begun || course->ended || place->line < READ_WHOLE_MAX ||
        !saved_skim_sample(text, length, &sample))
        return false;
    if (course->kept == NULL && (course->kept = malloc(SAVED_LINE_MAX)) == NULL)
        return saved_place_refuse(place, "out of memory");
    memcpy(course->kept, text, length);
    course->kept_length = length;
    course->kept_line = place->line;
    take_sample(saved->record, place, &sample);
    return true;
}

/* The figures of the last line, where it was only skimmed. */
static bool read_kept(struct saved *saved, struct saved_place *place, struct course *course) {
    struct saved_value_fault fault;
    if (course->kept_length == 0)
        return true;
    place->line = course->kept_line;
    struct json_t *line = saved_value_parse(course->kept, course->kept_length, &fault);
    bool read = line != NULL ? saved_figures(saved, place, line)
                             : saved_place_refuse(place, "no JSON: %s", fault.text.text);
    saved_value_free(line);
    return read;
}

static bool read_whole_line(struct saved *saved, struct saved_place *place, const char *text,
                            size_t length, struct course *course, bool torn) {
    struct saved_value_fault fault;
    struct json_t *line = saved_value_parse(text, length, &fault);
    if (line == NULL && torn) {
        saved->torn_line = place->line;
        return true;
    }
    course->kept_length = 0;
    bool read = line != NULL ? read_line(saved, place, line, course)
                             : saved_place_refuse(place, "no JSON: %s", fault.text.text);
    saved_value_free(line);
    return read;
}

static bool read_each(struct saved *saved, struct saved_place *place, struct saved_source *source,
                      struct course *course) {
    char *text;
    size_t length;
    enum next next;
    while ((next = take_line(source, &text, &length)) == NEXT_LINE || next == NEXT_TORN) {
        place->line++;
        bool skimmed = next == NEXT_LINE && skim_line(saved, place, text, length, course);
        if (!skimmed && !read_whole_line(saved, place, text, length, course, next == NEXT_TORN))
            return false;
        if (place->failed)
            return false;
    }
    if (next == NEXT_LONG || next == NEXT_FAULT) {
        place->line++;
        return saved_place_refuse(
            place, "%s", next == NEXT_LONG ? "a line of more than 1 MiB" : strerror(errno));
    }
    return course->ended || read_kept(saved, place, course);
}

static bool read_lines(struct saved *saved, struct saved_place *place,
                       struct saved_source *source) {
    struct course course = {.kept = NULL};
    bool read = read_each(saved, place, source, &course);
    free(course.kept);
    if (read && !course.ended)
        cut_off(saved);
    return read;
}

static bool read_timeline(struct saved *saved, struct saved_place *place,
                          struct saved_source *source, const struct json_t *header) {
    saved->kind = SAVED_TIMELINE;
    return saved_setting(saved, place, header) && read_lines(saved, place, source);
}

/* --- a report --- */

/* What judged its rules is ours: the rules, and the words for why connections ended, as they are
 * printed come from judging it again. */
static void read_rules(struct saved *saved) {
    struct judgement again = {.closings = saved->judgement.closings,
                              .setup = &saved->setup,
                              .target = saved->judgement.target};
    judge_run(&again, &saved->plan, saved->record);
    saved->judgement.closings = again.closings;
    saved->judgement.requirement_count = again.requirement_count;
    memcpy(saved->judgement.requirements, again.requirements, sizeof again.requirements);
}

/* Of a load whose drain was not seen, a report does not say how that was. */
static bool read_cut_off(const struct record *record, struct saved_place *place,
                         const struct json_t *document) {
    const struct json_t *connections = saved_value_object_if(place, document, "connections");
    const struct json_t *drain = saved_value_object_if(place, connections, "drain");
    return record->total.counts.attempted > 0 && saved_value_text_if(place, drain, "how") == NULL;
}

static bool read_report(struct saved *saved, struct saved_place *place,
                        const struct json_t *document) {
    saved->kind = SAVED_REPORT;
    if (!saved_setting(saved, place, document) || !saved_figures(saved, place, document) ||
        !saved_lifetimes(&saved->judgement, place, document) ||
        !saved_timeline(&saved->record->timeline, place, document) ||
        !saved_capacity(saved, place, document))
        return false;
    saved_hosts(saved->record, place, document);
    saved->record->cut_off = read_cut_off(saved->record, place, document);
    const struct json_t *run = saved_value_object(place, document, "run");
    saved->record->id = saved_value_id_if(place, run, "id");
    saved->record->started_at = saved_value_time_if(place, run, "started_at");
    saved_findings(&saved->judgement.findings, place, document);
    saved_verdict(&saved->judgement, place, document);
    if (place->failed)
        return false;
    if (saved->record->started_at.tv_sec == 0)
        free_record(saved);
    else
        read_rules(saved);
    return true;
}

/* Reads the source to its end, of which no line was taken from the buffer yet. */
static bool slurp(struct saved_source *source, struct saved_place *place) {
    while (!source->over && source->end <= SAVED_REPORT_MAX)
        if (!read_more(source, SAVED_REPORT_MAX))
            return saved_place_refuse(place, "cannot be read: %s", strerror(errno));
    return source->end <= SAVED_REPORT_MAX ||
           saved_place_refuse(place, "longer than 16 MiB: " ACCEPTED);
}

static bool read_document(struct saved *saved, struct saved_place *place,
                          struct saved_source *source) {
    struct saved_value_fault fault;
    if (!slurp(source, place))
        return false;
    struct json_t *document = saved_value_parse(source->buffer, source->end, &fault);
    bool read;
    if (document == NULL) {
        place->line = fault.line;
        read = saved_place_refuse(place, "no JSON: %s: " ACCEPTED, fault.text.text);
    } else if (!has_schema(document, "holdfast/1")) {
        read = saved_place_refuse(place, "no \"schema\" of \"holdfast/1\": " ACCEPTED);
    } else {
        read = read_report(saved, place, document);
    }
    saved_value_free(document);
    return read;
}

/* --- which of them --- */

static bool read_source(struct saved *saved, struct saved_place *place,
                        struct saved_source *source) {
    char *text;
    size_t length;
    struct saved_value_fault fault;
    enum next next = take_line(source, &text, &length);
    if (next == NEXT_FAULT)
        return saved_place_refuse(place, "cannot be read: %s", strerror(errno));
    if (next == NEXT_END)
        return saved_place_refuse(place, "empty: " ACCEPTED);
    struct json_t *first = next == NEXT_LONG ? NULL : saved_value_parse(text, length, &fault);
    bool read;
    if (has_schema(first, "holdfast-timeline/1")) {
        place->line = 1;
        read = read_timeline(saved, place, source, first);
    } else {
        read = read_document(saved, place, source);
    }
    saved_value_free(first);
    return read;
}

/* As before the first line that has any. */
static void begin_figures(struct record *record) {
    record->saved = record->balanced = true;
    record->imbalance = NULL;
    record->ramp_seconds = record->per_second_mean = record->per_second_peak = NAN;
    record->cpu_user_seconds = record->cpu_system_seconds = NAN;
    record->pss_bytes_max = record->rss_bytes_max = -1;
    record->tick_seconds_max = NAN;
    record->headroom_files_used = record->headroom_files_limit = -1;
    for (int i = 0; i < DISTRIBUTION_COUNT; i++)
        record->figures[i] = figures_of(&record->total.lag); /* of nothing */
}

/* Nothing is known yet; NULL: no memory. */
static struct saved *begin_saved(void) {
    struct saved *saved = calloc(1, sizeof *saved);
    struct record *record = calloc(1, sizeof *record);
    if (saved == NULL || record == NULL) {
        free(saved);
        free(record);
        return NULL;
    }
    saved->record = record;
    saved->judgement.setup = &saved->setup;
    begin_figures(record);
    timeline_init(&record->timeline, SECOND);
    return saved;
}

struct saved *saved_read(FILE *in, const char *name, char error[static SAVED_ERROR_MAX]) {
    struct saved_place place = {.to = {error, SAVED_ERROR_MAX}, .file = refuse_quote(name)};
    struct saved_source source = {
        .in = in, .buffer = malloc(SAVED_BUFFER_BYTES), .size = SAVED_BUFFER_BYTES};
    struct saved *saved = begin_saved();
    bool read = source.buffer != NULL && saved != NULL
                    ? read_source(saved, &place, &source)
                    : saved_place_refuse(&place, "out of memory");
    free(source.buffer);
    if (read)
        return saved;
    saved_free(saved);
    return NULL;
}

void saved_free(struct saved *saved) {
    if (saved == NULL)
        return;
    free_record(saved);
    capacity_free(&saved->capacity);
    options_free(&saved->options);
    free(saved);
}

/* --- line by line --- */

struct saved_follow {
    struct saved *saved;
    struct saved_place place;
    struct course course;
    struct json_t *figures; /* the latest line that has any; NULL: none yet */
    bool has_header;
    char phase[16];
    char error[SAVED_ERROR_MAX];
};

struct saved_follow *saved_follow_open(const char *name) {
    struct saved_follow *follow = calloc(1, sizeof *follow);
    if (follow == NULL)
        return NULL;
    follow->saved = begin_saved();
    follow->place = (struct saved_place){.to = {follow->error, sizeof follow->error},
                                         .file = refuse_quote(name)};
    if (follow->saved != NULL)
        return follow;
    free(follow);
    return NULL;
}

static bool follow_header(struct saved_follow *follow, const struct json_t *line) {
    follow->has_header = true;
    follow->saved->kind = SAVED_TIMELINE;
    return has_schema(line, "holdfast-timeline/1")
               ? saved_setting(follow->saved, &follow->place, line)
               : saved_place_refuse(&follow->place, "the header of a timeline is accepted");
}

static void keep_figures(struct saved_follow *follow, const struct json_t *line) {
    if (!saved_value_has(line, "connections"))
        return;
    saved_value_free(follow->figures);
    follow->figures = saved_value_keep(line);
}

/* A line that cannot be is left half read: what was there before it counts. */
static void take_back(struct saved_follow *follow) {
    struct saved *saved = follow->saved;
    char unread[SAVED_ERROR_MAX];
    struct saved_place place = {.to = {unread, sizeof unread}, .file = follow->place.file};
    if (saved->record == NULL)
        return;
    tally_clear(&saved->record->total);
    begin_figures(saved->record);
    if (follow->figures != NULL)
        (void)saved_figures(saved, &place, follow->figures);
}

static bool follow_line(struct saved_follow *follow, const struct json_t *line) {
    if (!follow->has_header)
        return follow_header(follow, line);
    bool read = read_line(follow->saved, &follow->place, line, &follow->course);
    if (read)
        keep_figures(follow, line);
    else
        take_back(follow);
    return read;
}

bool saved_follow_line(struct saved_follow *follow, const struct json_t *line) {
    const char *phase = saved_value_string(saved_value_member(line, "phase"));
    follow->place.line++;
    if (follow->place.failed)
        return false;
    if (phase != NULL)
        snprintf(follow->phase, sizeof follow->phase, "%.15s", phase);
    return follow_line(follow, line);
}

const struct saved *saved_follow_saved(const struct saved_follow *follow) {
    return follow->saved;
}

bool saved_follow_has_begun(const struct saved_follow *follow) {
    return follow->course.begun;
}

bool saved_follow_has_ended(const struct saved_follow *follow) {
    return follow->course.ended;
}

const char *saved_follow_phase(const struct saved_follow *follow) {
    return follow->phase;
}

const char *saved_follow_error(const struct saved_follow *follow) {
    return follow->error;
}

struct saved *saved_follow_take(struct saved_follow *follow) {
    struct saved *saved = follow->saved;
    follow->saved = NULL;
    return saved;
}

void saved_follow_close(struct saved_follow *follow) {
    if (follow == NULL)
        return;
    saved_value_free(follow->figures);
    saved_free(follow->saved);
    free(follow);
}
