/* The setup: what is found out for a plan before its connections are opened; it owns what it holds.
 */
#include "plan/setup.h"

#include <string.h>
#include <unistd.h>

#include "base/require.h"

void setup_free(struct setup *setup) {
    if (setup->server_log.open)
        close(setup->server_log.fd);
    memset(setup, 0, sizeof *setup);
}

void setup_copy_server(struct setup *setup, const struct setup *from) {
    memcpy(setup->addresses, from->addresses, sizeof setup->addresses);
    setup->address_count = from->address_count;
    memcpy(setup->status_addresses, from->status_addresses, sizeof setup->status_addresses);
    setup->status_address_count = from->status_address_count;
    setup->server_started = from->server_started;
    setup->server_foreign = from->server_foreign;
    setup->choice = from->choice;
    setup->tls = from->tls;
    setup->tls_not_after = from->tls_not_after;
    memcpy(setup->tls_cipher, from->tls_cipher, sizeof setup->tls_cipher);
    setup->tls_seen = from->tls_seen;
}

const struct address *setup_address(const struct setup *setup, uint32_t connection) {
    require(setup->address_count > 0);
    return &setup->addresses[connection % setup->address_count];
}

bool setup_has_both_ends(const struct setup *setup) {
    if (setup->target_here)
        return true;
    for (size_t i = 0; i < setup->address_count; i++)
        if (address_is_loopback(&setup->addresses[i]))
            return true;
    return false;
}

uint32_t setup_pairs(const struct setup *setup) {
    uint32_t sources = setup->sources.count > 0 ? setup->sources.count : 1;
    return (uint32_t)setup->address_count * sources;
}

const struct address *setup_source(const struct setup *setup, uint32_t connection,
                                   struct address *room) {
    if (setup->sources.count == 0)
        return NULL;
    uint32_t turn = connection / (uint32_t)setup->address_count;
    *room = address_set_at(&setup->sources, turn % setup->sources.count);
    return room;
}
