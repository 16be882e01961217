/* Reasons why a record is not what was agreed (RFC 8446): words that the record layer, the tally
 * and the reports share. */
#ifndef BASE_RECORD_REASON_H
#define BASE_RECORD_REASON_H

#include <stdint.h>

enum record_reason {
#define RECORD_REASON(name, alert, text) RECORD_REASON_##name,
#include "base/record_reasons.def"
#undef RECORD_REASON
    RECORD_REASON_COUNT
};

const char *record_reason_name(enum record_reason reason); /* "bad_tag" */
const char *record_reason_text(enum record_reason reason); /* "a record that does not decrypt" */

/* The alert that says so to the peer (RFC 8446 6.2). */
uint8_t record_reason_alert(enum record_reason reason);

#endif
