/* HOST:PORT:ADDR[,ADDR...]: the host and the port end at their colons, the rest are addresses. */
#include "options/resolve_entry.h"

#include <string.h>

/* One address, with or without the brackets of IPv6. */
static bool take_address(struct address *out, const char *text, size_t length, uint16_t port) {
    char literal[64];
    bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
    if (bracketed) {
        text++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof literal)
        return false;
    memcpy(literal, text, length);
    literal[length] = '\0';
    return address_parse(out, literal, port) && (!bracketed || out->of.any.sa_family == AF_INET6);
}

bool resolve_entry_parse(struct resolve_entry *out, const char *text) {
    char endpoint[URL_HOST_MAX + 8], error[URL_ERROR_MAX];
    const char *colon = strchr(text, ':');
    const char *second = colon != NULL ? strchr(colon + 1, ':') : NULL;
    size_t length = second != NULL ? (size_t)(second - text) : 0;
    if (length == 0 || length >= sizeof endpoint || text[0] == '[')
        return false;
    memcpy(endpoint, text, length);
    endpoint[length] = '\0';
    if (!url_parse_endpoint(endpoint, out->host, &out->port, error))
        return false;
    out->count = 0;
    for (const char *at = second; at != NULL && *at != '\0'; at += length) {
        at++; /* ':' or ',' */
        length = strcspn(at, ",");
        if (out->count == ADDRESSES_MAX ||
            !take_address(&out->addresses[out->count++], at, length, out->port))
            return false;
    }
    return out->count > 0;
}
