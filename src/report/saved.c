/* A saved run read back: lines of a timeline one by one, or a report in one piece. */
#include "report/saved.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/saved_parts.h"
#include "report/saved_skim.h"

#define ACCEPTED "a timeline or a JSON report of holdfast is accepted"

/* --- lines --- */

enum next { NEXT_LINE, NEXT_TORN, NEXT_LONG, NEXT_END, NEXT_FAULT };

/* A file taken line by line, from one buffer that bounds a line. */
struct source {
    FILE *in;
    char *buffer; /* of SAVED_LINE_MAX + 1 */
    size_t start, end;
    bool over;
};

static enum next take_line(struct source *source, char **text, size_t *length) {
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
        size_t got = fread(source->buffer + left, 1, SAVED_LINE_MAX + 1 - left, source->in);
        source->end = left + got;
        if (got == 0 && ferror(source->in))
            return NEXT_FAULT;
        source->over = got == 0;
    }
}

static bool has_schema(const struct json_t *document, const char *name) {
    const char *schema = value_string(value_member(document, "schema"));
    return schema != NULL && strcmp(schema, name) == 0;
}

/* --- a timeline --- */

/* A timeline on its way from line to line. */
struct course {
    bool begun, ended;
    char *kept; /* of SAVED_LINE_MAX: the latest line, when it was only skimmed */
    size_t kept_length, kept_line;
};

static bool read_begin(struct saved *saved, struct place *place, const struct json_t *line) {
    const struct json_t *run = value_object(place, line, "run");
    saved->record->id = value_id_if(place, run, "id");
    saved->record->started_at = value_time_if(place, run, "started_at");
    saved->record->ended_at = saved->record->started_at;
    saved_findings(&saved->judgement.findings, place, line);
    return saved_sources(saved, place, line) && saved_target(saved, place, line) &&
           saved_workers(saved->record, place, line);
}

static bool take_sample(struct record *record, struct place *place, const struct sample *sample) {
    if (isnan(sample->t) || sample->t <= record->cut_off_seconds)
        return place_refuse(place, "\"t\": seconds that grow from line to line are accepted");
    record->cut_off_seconds = sample->t;
    timeline_push(&record->timeline, sample);
    return !place->failed;
}

static bool read_sample(struct saved *saved, struct place *place, const struct json_t *line) {
    if (!saved_figures(saved, place, line) || !saved_lifetimes(&saved->judgement, place, line))
        return false;
    struct sample sample = saved_sample(saved->record, place, line);
    return take_sample(saved->record, place, &sample);
}

static void free_record(struct saved *saved) {
    if (saved->record != NULL)
        free(saved->record->workers);
    free(saved->record);
    saved->record = NULL;
}

static struct finding *find(struct findings *findings, const char *code) {
    for (size_t i = findings->count; i > 0; i--)
        if (strcmp(findings->items[i - 1].code, code) == 0)
            return &findings->items[i - 1];
    return NULL;
}

/* What a finding rests on was measured by the run alone: it is kept as it was written. */
static void keep_evidence(struct judgement *judgement, const struct findings *said) {
    for (size_t i = 0; i < said->count; i++) {
        const struct finding *from = &said->items[i];
        struct finding *to = find(&judgement->findings, from->code);
        if (from->evidence[0] == '\0')
            continue;
        if (to == NULL)
            to = findings_add(&judgement->findings, from->code, from->side, from->status, "%s",
                              from->text);
        *to = *from;
    }
}

/* The end: what it says is judged anew, but for a preflight's end, of which there is no record. */
static bool read_end(struct saved *saved, struct place *place, const struct json_t *line) {
    struct judgement *judgement = &saved->judgement;
    struct judgement said = {0};
    saved_verdict(&said, place, line);
    if (!value_has(line, "connections")) {
        saved_verdict(judgement, place, line);
        free_record(saved);
        return !place->failed;
    }
    if (!saved_figures(saved, place, line) || !saved_lifetimes(judgement, place, line))
        return false;
    judge_run(judgement, &saved->plan, saved->record);
    saved_findings(&said.findings, place, line);
    keep_evidence(judgement, &said.findings);
    saved->judged_otherwise =
        said.verdict != judgement->verdict || said.exit_code != judgement->exit_code;
    return !place->failed;
}

/* The file ends in mid-run: what is not known of the end is said so, and the ledger closed. */
static void cut_off(struct saved *saved) {
    struct record *record = saved->record;
    struct judgement *judgement = &saved->judgement;
    struct counts *counts = &record->total.counts;
    if (record->started_at.tv_sec == 0) {
        free_record(saved);
        judgement->verdict = VERDICT_INCONCLUSIVE;
        judgement->exit_code = 4;
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

static bool read_line(struct saved *saved, struct place *place, const struct json_t *line,
                      struct course *course) {
    if (course->ended)
        return place_refuse(place, "a line after the end: one run a file is accepted");
    if (!value_is_object(line))
        return place_refuse(place, "an object is accepted");
    bool begins = value_flag_if(place, line, "begin");
    if (begins == course->begun)
        return place_refuse(place, begins ? "it begins a second time" : "it has not begun yet");
    course->begun = true;
    course->ended = value_flag_if(place, line, "end");
    if (begins)
        return read_begin(saved, place, line);
    return course->ended ? read_end(saved, place, line) : read_sample(saved, place, line);
}

/* An hour of samples is read and checked whole; of a longer run they are skimmed from there on. */
enum { READ_WHOLE_MAX = TIMELINE_MAX };

/* True when it took the line: a sample, of which the rest is read only if no line follows. */
static bool skim_line(struct saved *saved, struct place *place, const char *text, size_t length,
                      struct course *course) {
    struct sample sample;
    if (!course->begun || course->ended || place->line < READ_WHOLE_MAX ||
        !skim_sample(text, length, &sample))
        return false;
    memcpy(course->kept, text, length);
    course->kept_length = length;
    course->kept_line = place->line;
    take_sample(saved->record, place, &sample);
    return true;
}

/* The figures of the last line, where it was only skimmed. */
static bool read_kept(struct saved *saved, struct place *place, struct course *course) {
    struct value_fault fault;
    if (course->kept_length == 0)
        return true;
    place->line = course->kept_line;
    struct json_t *line = value_parse(course->kept, course->kept_length, &fault);
    bool read = line != NULL ? saved_figures(saved, place, line)
                             : place_refuse(place, "no JSON: %s", fault.text.text);
    value_free(line);
    return read;
}

static bool read_whole_line(struct saved *saved, struct place *place, const char *text,
                            size_t length, struct course *course, bool torn) {
    struct value_fault fault;
    struct json_t *line = value_parse(text, length, &fault);
    if (line == NULL && torn) {
        saved->torn_line = place->line;
        return true;
    }
    course->kept_length = 0;
    bool read = line != NULL ? read_line(saved, place, line, course)
                             : place_refuse(place, "no JSON: %s", fault.text.text);
    value_free(line);
    return read;
}

static bool read_each(struct saved *saved, struct place *place, struct source *source,
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
        return place_refuse(place, "%s",
                            next == NEXT_LONG ? "a line of more than 1 MiB" : strerror(errno));
    }
    return course->ended || read_kept(saved, place, course);
}

static bool read_lines(struct saved *saved, struct place *place, struct source *source) {
    struct course course = {.kept = malloc(SAVED_LINE_MAX)};
    if (course.kept == NULL)
        return place_refuse(place, "out of memory");
    bool read = read_each(saved, place, source, &course);
    free(course.kept);
    if (read && !course.ended)
        cut_off(saved);
    return read;
}

static bool read_timeline(struct saved *saved, struct place *place, struct source *source,
                          const struct json_t *header) {
    saved->kind = SAVED_TIMELINE;
    return saved_setting(saved, place, header) && read_lines(saved, place, source);
}

/* --- a report --- */

/* What judged its rules is ours: the rules, and the words for why connections ended, as they are
 * printed come from judging it again. */
static void read_rules(struct saved *saved) {
    struct judgement again = {.closings = saved->judgement.closings,
                              .target = saved->judgement.target};
    judge_run(&again, &saved->plan, saved->record);
    saved->judgement.closings = again.closings;
    saved->judgement.requirement_count = again.requirement_count;
    memcpy(saved->judgement.requirements, again.requirements, sizeof again.requirements);
}

static bool read_report(struct saved *saved, struct place *place, const struct json_t *document) {
    saved->kind = SAVED_REPORT;
    if (!saved_setting(saved, place, document) || !saved_figures(saved, place, document) ||
        !saved_lifetimes(&saved->judgement, place, document) ||
        !saved_timeline(&saved->record->timeline, place, document))
        return false;
    const struct json_t *run = value_object(place, document, "run");
    saved->record->id = value_id_if(place, run, "id");
    saved->record->started_at = value_time_if(place, run, "started_at");
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

/* All of the source from its first byte on, in a block that the caller frees; NULL when it is too
 * long or cannot be read. */
static char *slurp(struct source *source, struct place *place, size_t *length) {
    char *text = malloc(SAVED_REPORT_MAX + 1);
    if (text == NULL) {
        place_refuse(place, "out of memory");
        return NULL;
    }
    memcpy(text, source->buffer, source->end);
    *length = source->end;
    *length += fread(text + *length, 1, SAVED_REPORT_MAX + 1 - *length, source->in);
    if (!ferror(source->in) && *length <= SAVED_REPORT_MAX)
        return text;
    if (ferror(source->in))
        place_refuse(place, "cannot be read: %s", strerror(errno));
    else
        place_refuse(place, "longer than 16 MiB: " ACCEPTED);
    free(text);
    return NULL;
}

static bool read_document(struct saved *saved, struct place *place, struct source *source) {
    size_t length;
    struct value_fault fault;
    char *text = slurp(source, place, &length);
    if (text == NULL)
        return false;
    struct json_t *document = value_parse(text, length, &fault);
    free(text);
    bool read;
    if (document == NULL) {
        place->line = fault.line;
        read = place_refuse(place, "no JSON: %s: " ACCEPTED, fault.text.text);
    } else if (!has_schema(document, "holdfast/1")) {
        read = place_refuse(place, "no \"schema\" of \"holdfast/1\": " ACCEPTED);
    } else {
        read = read_report(saved, place, document);
    }
    value_free(document);
    return read;
}

/* --- which of them --- */

static bool read_source(struct saved *saved, struct place *place, struct source *source) {
    char *text;
    size_t length;
    struct value_fault fault;
    enum next next = take_line(source, &text, &length);
    if (next == NEXT_FAULT)
        return place_refuse(place, "cannot be read: %s", strerror(errno));
    if (next == NEXT_END)
        return place_refuse(place, "empty: " ACCEPTED);
    struct json_t *first = next == NEXT_LONG ? NULL : value_parse(text, length, &fault);
    bool read;
    if (has_schema(first, "holdfast-timeline/1")) {
        place->line = 1;
        read = read_timeline(saved, place, source, first);
    } else {
        read = read_document(saved, place, source);
    }
    value_free(first);
    return read;
}

struct saved *saved_read(FILE *in, const char *name, char error[static SAVED_ERROR_MAX]) {
    struct place place = {.to = {error, SAVED_ERROR_MAX}, .file = shown_text(name)};
    struct source source = {.in = in, .buffer = malloc(SAVED_LINE_MAX + 1)};
    struct saved *saved = calloc(1, sizeof *saved);
    struct record *record = calloc(1, sizeof *record);
    bool read = false;
    if (source.buffer != NULL && saved != NULL && record != NULL) {
        saved->record = record;
        record->saved = record->balanced = true;
        record->ramp_seconds = record->per_second_mean = record->per_second_peak = NAN;
        record->cpu_user_seconds = record->cpu_system_seconds = NAN;
        record->pss_bytes_max = record->rss_bytes_max = -1;
        record->tick_seconds_max = NAN;
        record->headroom_files_used = record->headroom_files_limit = -1;
        for (int i = 0; i < DISTRIBUTION_COUNT; i++)
            record->figures[i] = figures_of(&record->total.lag); /* of nothing */
        timeline_init(&record->timeline, SECOND);
        read = read_source(saved, &place, &source);
    } else {
        free(record);
        place_refuse(&place, "out of memory");
    }
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
    options_free(&saved->options);
    free(saved);
}
