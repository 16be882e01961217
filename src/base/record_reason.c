/* The words and alerts of record_reasons.def, by reason. */
#include "base/record_reason.h"

#include "base/require.h"

const char *record_reason_name(enum record_reason reason) {
    static const char *const names[] = {
#define RECORD_REASON(name, alert, text) #name,
#include "base/record_reasons.def"
#undef RECORD_REASON
    };
    require((unsigned)reason < RECORD_REASON_COUNT);
    return names[reason];
}

const char *record_reason_text(enum record_reason reason) {
    static const char *const texts[] = {
#define RECORD_REASON(name, alert, text) text,
#include "base/record_reasons.def"
#undef RECORD_REASON
    };
    require((unsigned)reason < RECORD_REASON_COUNT);
    return texts[reason];
}

uint8_t record_reason_alert(enum record_reason reason) {
    static const uint8_t alerts[] = {
#define RECORD_REASON(name, alert, text) alert,
#include "base/record_reasons.def"
#undef RECORD_REASON
    };
    require((unsigned)reason < RECORD_REASON_COUNT);
    return alerts[reason];
}
