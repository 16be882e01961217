/* nginx's stub_status page, read strictly. */
#ifndef OBSERVE_STUB_STATUS_H
#define OBSERVE_STUB_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* https://nginx.org/en/docs/http/ngx_http_stub_status_module.html */
struct stub_status {
    uint64_t active, accepted, handled, requests, reading, writing, waiting;
};

/* true when the bytes are such a page; white space at the end is let pass, numbers that do not fit
 * and anything else are refused. */
bool stub_status_parse(struct stub_status *out, const char *text, size_t length);

#endif
