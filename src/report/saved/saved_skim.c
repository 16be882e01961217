/* Members in the order in which they are written, without white space; anything else is not ours to
 * read here. */
#include "report/saved/saved_skim.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/saved/saved_value.h"
#include "stats/statuses.h"

#define COUNT_MAX 1000000000000000u

/* Where the skimming is; NULL: it has failed. */
struct skim {
    const char *at, *end;
};

static void expect(struct skim *skim, const char *text) {
    size_t length = strlen(text);
    bool there = skim->at != NULL && (size_t)(skim->end - skim->at) >= length &&
                 memcmp(skim->at, text, length) == 0;
    skim->at = there ? skim->at + length : NULL;
}

/* A number from 0 to high, or null: NAN. */
static double number(struct skim *skim, const char *name, double high) {
    expect(skim, name);
    if (skim->at == NULL)
        return NAN;
    if (*skim->at == 'n') {
        expect(skim, "null");
        return NAN;
    }
    char *end = NULL;
    double value = *skim->at >= '0' && *skim->at <= '9' ? strtod(skim->at, &end) : -1;
    skim->at = value >= 0 && value <= high && end <= skim->end ? end : NULL;
    return value;
}

static uint64_t count(struct skim *skim, const char *name) {
    uint64_t value = 0;
    expect(skim, name);
    if (skim->at == NULL || *skim->at < '0' || *skim->at > '9') {
        skim->at = NULL;
        return 0;
    }
    while (*skim->at >= '0' && *skim->at <= '9' && value < COUNT_MAX)
        value = 10 * value + (uint64_t)(*skim->at++ - '0');
    if (skim->at > skim->end)
        skim->at = NULL;
    return value;
}

static void pass_word(struct skim *skim, const char *name) {
    expect(skim, name);
    while (skim->at != NULL && skim->at < skim->end && *skim->at >= 'a' && *skim->at <= 'z')
        skim->at++;
}

static void pass_to(struct skim *skim, const char *text) {
    if (skim->at != NULL)
        skim->at = memmem(skim->at, (size_t)(skim->end - skim->at), text, strlen(text));
}

static void skim_moment(struct skim *skim, struct timeline_sample *sample) {
    sample->t = number(skim, "{\"t\":", SAVED_SECONDS_MAX);
    pass_word(skim, ",\"phase\":\"");
    sample->client_per_second = number(skim, "\",\"client_per_second\":", 1e15);
    sample->server_per_second = number(skim, ",\"server_per_second\":", 1e15);
    sample->p50_seconds = number(skim, ",\"p50_seconds\":", SAVED_SECONDS_MAX);
    sample->p99_seconds = number(skim, ",\"p99_seconds\":", SAVED_SECONDS_MAX);
    sample->max_seconds = number(skim, ",\"max_seconds\":", SAVED_SECONDS_MAX);
    sample->cpu_percent = number(skim, ",\"cpu_percent\":", 1e15);
    sample->descriptors = number(skim, ",\"descriptors\":", 1e15);
    sample->loop_lag_seconds = number(skim, ",\"loop_lag_seconds\":", SAVED_SECONDS_MAX);
    sample->live_min = count(skim, ",\"live_min\":");
    sample->live_max = count(skim, ",\"live_max\":");
    expect(skim, ",\"run\":{");
}

/* Whether the ledger adds up. */
static bool skim_levels(struct skim *skim, struct timeline_sample *sample) {
    pass_to(skim, "},\"connections\":{\"target\":");
    count(skim, "},\"connections\":{\"target\":");
    uint64_t attempted = count(skim, ",\"attempted\":");
    count(skim, ",\"opened\":");
    sample->connecting = count(skim, ",\"connecting\":");
    sample->live = count(skim, ",\"live\":");
    number(skim, ",\"live_min\":", 1e15);
    count(skim, ",\"live_peak\":");
    sample->closed = count(skim, ",\"closed\":");
    sample->errored = count(skim, ",\"errored\":");
    expect(skim, ",\"lost\":");
    return attempted == sample->connecting + sample->live + sample->closed + sample->errored;
}

/* Of an object of statuses as they were counted so far; of an older version, none. */
static void skim_statuses(struct skim *skim, struct timeline_sample *sample) {
    for (int i = 0; i < STATUS_CLASS_COUNT; i++)
        sample->statuses[i] = 0;
    pass_to(skim, "\"by_status\":{");
    expect(skim, "\"by_status\":{");
    while (skim->at != NULL && *skim->at != '}') {
        if (*skim->at == ',')
            skim->at++;
        uint64_t status = count(skim, "\"");
        uint64_t value = count(skim, "\":");
        if (status >= 1000)
            skim->at = NULL;
        else
            sample->statuses[statuses_class_of((int)status)] += (double)value;
    }
}

bool saved_skim_sample(const char *line, size_t length, struct timeline_sample *sample) {
    static const char lifetimes[] = ",\"lifetimes\":";
    struct skim skim = {line, line + length};
    skim_moment(&skim, sample);
    bool balanced = skim_levels(&skim, sample);
    skim_statuses(&skim, sample);
    return skim.at != NULL && balanced && !isnan(sample->t) && line[length - 1] == '}' &&
           memmem(skim.at, (size_t)(skim.end - skim.at), lifetimes, sizeof lifetimes - 1) == NULL;
}
