/* The words of reasons.def, by reason. */
#include "base/reason.h"

#include "base/require.h"

const char *reason_name(enum reason reason) {
    static const char *const names[] = {
#define REASON(name, text) #name,
#include "base/reasons.def"
#undef REASON
    };
    require((unsigned)reason < REASON_COUNT);
    return names[reason];
}

const char *reason_text(enum reason reason) {
    static const char *const texts[] = {
#define REASON(name, text) text,
#include "base/reasons.def"
#undef REASON
    };
    require((unsigned)reason < REASON_COUNT);
    return texts[reason];
}
