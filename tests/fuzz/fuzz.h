/* What fuzzers share: their entry, and what is required of texts. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a terminated text; the caller frees. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* A refusal, in a buffer of that size: one line without a control character that begins so. */
static inline void require_line(const char *error, size_t size, const char *beginning) {
    size_t length = strnlen(error, size);
    require(length > strlen(beginning) && length < size);
    require(strncmp(error, beginning, strlen(beginning)) == 0);
    for (size_t i = 0; i < length; i++)
        require((unsigned char)error[i] >= 0x20 && error[i] != 0x7f);
}

/* Printable ASCII without a blank. */
static inline void require_visible(const char *text) {
    for (; *text != '\0'; text++)
        require((unsigned char)*text > 0x20 && (unsigned char)*text < 0x7f);
}

#endif
