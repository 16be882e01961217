/* What is drawn, held against a file of this folder. */
#ifndef TESTS_REPORT_GOLDEN_H
#define TESTS_REPORT_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>

static inline char *golden_read(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *into = open_memstream(&text, &length);
    for (int byte; (byte = fgetc(file)) != EOF;)
        fputc(byte, into);
    fclose(into);
    fclose(file);
    return text;
}

/* After a change that is wanted: HOLDFAST_WRITE_GOLDEN=1, and look at the difference. */
static inline void golden_assert(const char *name, const char *drawn) {
    char path[512];
    snprintf(path, sizeof path, "%s/unit/report/%s.golden", TEST_SOURCE_DIR, name);
    if (getenv("HOLDFAST_WRITE_GOLDEN") != NULL) {
        FILE *golden = fopen(path, "wb");
        assert_non_null(golden);
        fputs(drawn, golden);
        fclose(golden);
    }
    char *golden = golden_read(path);
    assert_non_null(golden);
    assert_string_equal(drawn, golden);
    free(golden);
}

#endif
