/* Any two saved runs merged: refused in one clean line, or one run whose counts are the sums of
 * theirs and of which a summary and a JSON report can be drawn. */
#include "report/saved/saved_merge.h"
#include "saved.h"

static uint64_t attempted(const struct saved *saved) {
    return saved->record != NULL ? saved->record->total.counts.attempted : 0;
}

static void draw_whole(struct saved_merge *merge, uint64_t sum) {
    struct saved *whole = saved_merge_end(merge);
    struct drawing json;
    require(whole != NULL && attempted(whole) == sum);
    draw_summary(whole);
    draw_json(&json, whole);
    free(json.text);
    saved_free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct saved *parts[2];
    struct saved_merge merge = {0};
    char error[SAVED_ERROR_MAX] = "";
    if (!read_two(data, size, parts))
        return 0;
    uint64_t sum = attempted(parts[0]) + attempted(parts[1]);
    bool first = saved_merge_add(&merge, parts[0], "fuzz", error);
    if (first && saved_merge_add(&merge, parts[1], "fuzz", error)) {
        draw_whole(&merge, sum);
        return 0;
    }
    if (!first)
        saved_free(parts[1]);
    require_line(error, sizeof error, "--merge: ");
    require_clean(error, strlen(error));
    saved_merge_free(&merge);
    return 0;
}
