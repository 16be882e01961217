/* Whatever stands in a log, and whatever way its bytes are cut: the same lines are counted. */
#include "fuzz.h"
#include "observe/access_log_lines.h"

static struct access_log_patterns patterns;

static void take(struct access_log_counts *counts, struct access_log_partial *partial,
                 const char *bytes, size_t size, size_t step) {
    for (size_t at = 0; at < size; at += step) {
        size_t length = size - at < step ? size - at : step;
        char *exact = malloc(length); /* a byte read too far is seen */
        require(exact != NULL);
        memcpy(exact, bytes + at, length);
        access_log_lines_take(counts, partial, &patterns, exact, length);
        free(exact);
    }
}

/* The first byte says how to cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct access_log_partial whole_partial, cut_partial;
    struct access_log_counts whole = {0}, cut = {0};
    uint64_t ends = 0;
    if (size < 2)
        return 0;
    if (patterns.asked.length == 0) {
        access_log_pattern_make(&patterns.asked, "HEAD", "/");
        access_log_pattern_make(&patterns.polled, "GET", "/nginx_status");
    }
    const char *bytes = (const char *)data + 1;
    whole_partial.length = cut_partial.length = 0;
    take(&whole, &whole_partial, bytes, size - 1, size - 1);
    take(&cut, &cut_partial, bytes, size - 1, 1u + data[0] * data[0] / 8u);
    for (size_t i = 0; i < size - 1; i++)
        ends += bytes[i] == '\n';
    require(whole.lines == ends && cut.lines == ends);
    require(whole.asked == cut.asked && whole.polled == cut.polled);
    require(whole.asked + whole.polled <= whole.lines);
    require(whole_partial.length == cut_partial.length);
    require(memcmp(whole_partial.kept, cut_partial.kept, whole_partial.length) == 0);
    return 0;
}
