/* --allow-target: networks are compared bit by bit, hosts by name. */
#include "serve/targets.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/units.h"

static const char loopback[] = "127.0.0.0/8,::1/128";

enum { MAPPED_PREFIX = 96 };

static const unsigned char *bytes_of(const struct address *address, unsigned *bits) {
    bool v6 = address->of.any.sa_family == AF_INET6;
    *bits = v6 ? 128 : 32;
    return v6 ? address->of.v6.sin6_addr.s6_addr
              : (const unsigned char *)&address->of.v4.sin_addr.s_addr;
}

/* "::ffff:10.0.0.1" leads to 10.0.0.1. */
static struct address unmapped(const struct address *address) {
    struct address plain = *address;
    if (address->of.any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->of.v6.sin6_addr))
        return plain;
    memset(&plain, 0, sizeof plain);
    plain.length = sizeof plain.of.v4;
    plain.of.v4.sin_family = AF_INET;
    plain.of.v4.sin_port = address->of.v6.sin6_port;
    memcpy(&plain.of.v4.sin_addr, address->of.v6.sin6_addr.s6_addr + MAPPED_PREFIX / 8, 4);
    return plain;
}

static bool contains(const struct targets_rule *rule, const struct address *address) {
    unsigned bits, other_bits;
    const unsigned char *network = bytes_of(&rule->network, &bits);
    const unsigned char *host = bytes_of(address, &other_bits);
    if (bits != other_bits)
        return false;
    for (unsigned bit = 0; bit < rule->prefix; bit++)
        if (((network[bit / 8] ^ host[bit / 8]) & (0x80 >> bit % 8)) != 0)
            return false;
    return true;
}

bool targets_allow(const struct targets *targets, const char *host, const struct address *address) {
    struct address plain = unmapped(address);
    for (size_t i = 0; i < targets->count; i++) {
        const struct targets_rule *rule = &targets->rules[i];
        if (rule->port != 0 && rule->port != address_port(&plain))
            continue;
        if (rule->host[0] != '\0' ? ascii_equal(rule->host, host) : contains(rule, &plain))
            return true;
    }
    return false;
}

/* --- reading --- */

static bool read_number(const char *text, unsigned most, unsigned *number) {
    uint64_t value;
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' ||
        !units_parse_count(text, &value) || value > most)
        return false;
    *number = (unsigned)value;
    return true;
}

static bool read_network(struct targets_rule *rule, char *text) {
    char *slash = strchr(text, '/');
    unsigned bits;
    if (slash != NULL)
        *slash = '\0';
    if (!address_parse(&rule->network, text, 0))
        return false;
    (void)bytes_of(&rule->network, &bits);
    rule->prefix = bits;
    return slash == NULL || read_number(slash + 1, bits, &rule->prefix);
}

static bool is_host_name(const char *text) {
    size_t i = 0;
    while (text[i] != '\0' &&
           (ascii_is_lower(ascii_lower((unsigned char)text[i])) ||
            ascii_is_digit((unsigned char)text[i]) || strchr("-._", text[i]) != NULL))
        i++;
    return i > 0 && text[i] == '\0';
}

/* [V6]:PORT, V4:PORT, NAME:PORT, NAME. */
static bool read_endpoint(struct targets_rule *rule, char *text) {
    struct address address;
    unsigned port = 0;
    char *colon = strrchr(text, ':');
    if (address_parse_endpoint(&address, text)) {
        rule->network = address;
        rule->port = address_port(&address);
        (void)bytes_of(&rule->network, &rule->prefix);
        return rule->port != 0;
    }
    if (colon != NULL && (!read_number(colon + 1, 65535, &port) || port == 0))
        return false;
    if (colon != NULL)
        *colon = '\0';
    rule->port = (uint16_t)port;
    if (!is_host_name(text))
        return false;
    snprintf(rule->host, sizeof rule->host, "%s", text);
    return true;
}

bool targets_read(struct targets *targets, const char *list, struct refuse_buffer to) {
    targets->count = 0;
    if (list == NULL)
        list = loopback;
    while (list != NULL) {
        char item[URL_HOST_MAX] = "", copy[URL_HOST_MAX];
        const char *comma = strchr(list, ',');
        size_t length = comma != NULL ? (size_t)(comma - list) : strlen(list);
        struct targets_rule rule = {0};
        if (targets->count == TARGETS_MAX)
            return refuse(to, "--allow-target: at most %d are accepted", TARGETS_MAX);
        length = length < sizeof item ? length : sizeof item - 1;
        memcpy(item, list, length);
        item[length] = '\0';
        memcpy(copy, item, sizeof copy);
        if (!read_network(&rule, copy) && !read_endpoint(&rule, memcpy(copy, item, sizeof copy)))
            return refuse(to,
                          "--allow-target: \"%s\" is neither CIDR nor HOST[:PORT]: 127.0.0.0/8, "
                          "10.1.2.3, [::1]:8080, shop.example, shop.example:443 are accepted",
                          refuse_quote(item).text);
        targets->rules[targets->count++] = rule;
        list = comma != NULL ? comma + 1 : NULL;
    }
    return true;
}
