/* Reasons of a protocol error: words that the reader, the tally and the reports share. */
#ifndef BASE_REASON_H
#define BASE_REASON_H

enum reason {
#define REASON(name, text) REASON_##name,
#include "base/reasons.def"
#undef REASON
    REASON_COUNT
};

const char *reason_name(enum reason reason); /* "head_too_large" */
const char *reason_text(enum reason reason); /* "a head above 64 KiB" */

#endif
