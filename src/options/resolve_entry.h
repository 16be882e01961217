/* --resolve: addresses for a name and a port, as curl's option of that name has them. */
#ifndef OPTIONS_RESOLVE_ENTRY_H
#define OPTIONS_RESOLVE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/url.h"

struct resolve_entry {
    char host[URL_HOST_MAX];
    uint16_t port;
    size_t count;
    struct address addresses[ADDRESSES_MAX]; /* with that port */
};

/* "shop.example:443:192.0.2.1,[2001:db8::1]"; an address of IPv6 also without brackets. */
bool resolve_entry_parse(struct resolve_entry *out, const char *text);

#endif
