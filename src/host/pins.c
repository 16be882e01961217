/* Pinned names: a small table of the process, filled before anything is resolved. */
#include "host/pins.h"

#include <string.h>

#include "base/ascii.h"
#include "base/url.h"

struct pinned_name {
    char name[URL_HOST_MAX];
    uint16_t port; /* of --resolve; 0: whatever it is */
    size_t count;
    struct address addresses[ADDRESSES_MAX];
};

static struct pinned_name names[PINS_MAX + PINS_RESOLVED_MAX];
static size_t name_count, pin_count;

static struct pinned_name *find(const char *name, uint16_t port) {
    for (size_t i = 0; i < name_count; i++)
        if (ascii_equal(names[i].name, name) && names[i].port == port)
            return &names[i];
    return NULL;
}

static struct pinned_name *add(const char *name, uint16_t port) {
    if (strlen(name) >= sizeof names[0].name)
        return NULL;
    struct pinned_name *added = &names[name_count++];
    memcpy(added->name, name, strlen(name) + 1);
    added->port = port;
    return added;
}

static bool add_address(struct pinned_name *pinned, const struct address *address) {
    if (pinned == NULL || pinned->count == ADDRESSES_MAX)
        return false;
    pinned->addresses[pinned->count++] = *address;
    return true;
}

bool host_pin(const char *name, const struct address *address) {
    struct pinned_name *pinned = find(name, 0);
    if (pinned == NULL && pin_count < PINS_MAX && (pinned = add(name, 0)) != NULL)
        pin_count++;
    return add_address(pinned, address);
}

bool host_pins_any(void) {
    return pin_count > 0;
}

bool host_resolve_as(const char *name, const struct address *address) {
    struct pinned_name *given = find(name, address_port(address));
    if (given == NULL && name_count - pin_count < PINS_RESOLVED_MAX)
        given = add(name, address_port(address));
    return add_address(given, address);
}

size_t host_pinned(const char *name, uint16_t port,
                   struct address addresses[static ADDRESSES_MAX]) {
    const struct pinned_name *pinned = find(name, 0);
    if (pinned == NULL && !host_pins_any())
        pinned = find(name, port);
    if (pinned == NULL)
        return 0;
    for (size_t i = 0; i < pinned->count; i++) {
        addresses[i] = pinned->addresses[i];
        address_set_port(&addresses[i], port);
    }
    return pinned->count;
}
