/* Names of TLS's alerts. */
#ifndef BASE_TLS_ALERT_H
#define BASE_TLS_ALERT_H

#include <stdint.h>

const char *tls_alert_text(uint8_t number); /* "certificate_required"; "unknown" */

#endif
