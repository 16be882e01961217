/* The words of handshake_reasons.def, by reason. */
#include "base/handshake_reason.h"

#include "base/require.h"

const char *handshake_reason_name(enum handshake_reason reason) {
    static const char *const names[] = {
#define HANDSHAKE_REASON(name, text) #name,
#include "base/handshake_reasons.def"
#undef HANDSHAKE_REASON
    };
    require((unsigned)reason < HANDSHAKE_REASON_COUNT);
    return names[reason];
}

const char *handshake_reason_text(enum handshake_reason reason) {
    static const char *const texts[] = {
#define HANDSHAKE_REASON(name, text) text,
#include "base/handshake_reasons.def"
#undef HANDSHAKE_REASON
    };
    require((unsigned)reason < HANDSHAKE_REASON_COUNT);
    return texts[reason];
}
