/* The names of tls_alerts.def, by number. */
#include "base/tls_alert.h"

#include <stddef.h>

const char *tls_alert_text(uint8_t number) {
    static const char *const names[256] = {
#define TLS_ALERT(alert, text) [alert] = text,
#include "base/tls_alerts.def"
#undef TLS_ALERT
    };
    return names[number] != NULL ? names[number] : "unknown";
}
