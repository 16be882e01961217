/* Saved runs read from bytes, and what must be true of anything drawn from them. */
#ifndef TESTS_FUZZ_SAVED_H
#define TESTS_FUZZ_SAVED_H

#include <stdbool.h>
#include <stdio.h>

#include "fuzz.h"
#include "report/export/writers.h"
#include "report/format/style.h"
#include "report/saved/saved.h"
#include "report/terminal/capacity.h"
#include "report/terminal/summary.h"

/* No byte that steers a terminal. */
static inline void require_clean(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        require(byte == '\n' || (byte >= 0x20 && byte != 0x7f));
        require(byte != 0xc2 || (unsigned char)text[i + 1] >= 0xa0); /* C1 in UTF-8 */
    }
}

static inline void require_refusal(const char *error) {
    require_line(error, SAVED_ERROR_MAX, "fuzz:");
    require_clean(error, strlen(error));
}

/* What a writer puts into a stream, which the caller frees; never nothing. */
struct drawing {
    FILE *out;
    char *text;
    size_t length;
};

static inline void drawing_begin(struct drawing *drawing) {
    drawing->out = open_memstream(&drawing->text, &drawing->length);
    require(drawing->out != NULL);
}

static inline void drawing_end(struct drawing *drawing) {
    require(fclose(drawing->out) == 0 && drawing->length > 0);
    require_clean(drawing->text, drawing->length);
}

static inline void draw_json(struct drawing *json, const struct saved *saved) {
    drawing_begin(json);
    require(report_json(json->out, &saved->plan, saved->record, &saved->judgement) == 0);
    drawing_end(json);
}

static inline void draw_summary(const struct saved *saved) {
    struct drawing summary;
    drawing_begin(&summary);
    if (saved->judgement.capacity != NULL)
        report_capacity(summary.out, (struct style){.width = 80}, &saved->plan, &saved->judgement);
    else
        report_summary(summary.out, (struct style){0}, &saved->plan, saved->record,
                       &saved->judgement);
    drawing_end(&summary);
    free(summary.text);
}

/* The saved run, or NULL and one clean line why not. */
static inline struct saved *read_bytes(const uint8_t *data, size_t size) {
    char error[SAVED_ERROR_MAX] = "";
    FILE *in = size > 0 ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "r");
    require(in != NULL);
    struct saved *saved = saved_read(in, "fuzz", error);
    fclose(in);
    if (saved == NULL)
        require_refusal(error);
    return saved;
}

/* Two saved runs in one input, a NUL between them; false, and nothing to free, without two. */
static inline bool read_two(const uint8_t *data, size_t size, struct saved *two[static 2]) {
    const uint8_t *cut = size > 0 ? memchr(data, '\0', size) : NULL;
    if (cut == NULL)
        return false;
    size_t length = (size_t)(cut - data);
    two[0] = read_bytes(data, length);
    two[1] = two[0] != NULL ? read_bytes(cut + 1, size - length - 1) : NULL;
    if (two[1] == NULL)
        saved_free(two[0]);
    return two[1] != NULL;
}

#endif
