/* The kernel's choice of source ports towards one destination, counted port by port. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "host/files.h"
#include "host/host.h"

enum { PORTS = 65536, LINE_BYTES = 256 };

/* include/net/tcp_states.h, as /proc/net/tcp prints them. */
enum { STATE_TIME_WAIT = 0x06, STATE_LISTEN = 0x0a, STATE_LAST = 0x0c };

/* IPv4 as the mapped address of RFC 4291 section 2.5.5.2: /proc/net/tcp6 shows it so as well. */
struct endpoint {
    uint8_t ip[16];
    uint16_t port;
};

struct row {
    struct endpoint local, remote;
    uint32_t state;
};

struct port_set {
    uint64_t words[PORTS / 64];
};

struct count {
    struct endpoint target;
    struct port_set reserved, in_use, time_wait;
};

static void set_add(struct port_set *set, uint16_t port) {
    set->words[port / 64] |= UINT64_C(1) << port % 64;
}

static bool set_has(const struct port_set *set, uint16_t port) {
    return (set->words[port / 64] >> port % 64 & 1) != 0;
}

static void endpoint_set_v4(struct endpoint *endpoint, uint32_t network_order) {
    memset(endpoint->ip, 0, 10);
    memset(endpoint->ip + 10, 0xff, 2);
    memcpy(endpoint->ip + 12, &network_order, 4);
}

/* Where a connect to this address ends up: the kernel takes "any" for the loopback address. */
static struct endpoint endpoint_of(const struct address *address) {
    struct endpoint endpoint = {.port = address_port(address)};
    if (address->of.any.sa_family == AF_INET) {
        in_addr_t ip = address->of.v4.sin_addr.s_addr;
        endpoint_set_v4(&endpoint, ip == htonl(INADDR_ANY) ? htonl(INADDR_LOOPBACK) : ip);
        return endpoint;
    }
    const struct in6_addr *ip = &address->of.v6.sin6_addr;
    memcpy(endpoint.ip, IN6_IS_ADDR_UNSPECIFIED(ip) ? &in6addr_loopback : ip, 16);
    return endpoint;
}

static bool endpoint_equal(const struct endpoint *a, const struct endpoint *b) {
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* Exactly `digits` hexadecimal digits; what follows them, or NULL. */
static const char *take_hex(const char *at, int digits, uint32_t *value) {
    *value = 0;
    for (int i = 0; i < digits; i++, at++) {
        if (!isxdigit((unsigned char)*at))
            return NULL;
        int digit = isdigit((unsigned char)*at) ? *at - '0' : (*at | 0x20) - 'a' + 10;
        *value = *value << 4 | (uint32_t)digit;
    }
    return at;
}

/* "0100007F:1F90": the address as one or four words in this machine's byte order (that is, words of
 * network order printed as numbers), the port as a number. */
static const char *take_endpoint(const char *at, size_t words, struct endpoint *endpoint) {
    uint32_t word[4], port;
    for (size_t i = 0; i < words && at != NULL; i++)
        at = take_hex(at, 8, &word[i]);
    if (at == NULL || *at != ':' || (at = take_hex(at + 1, 4, &port)) == NULL || *at != ' ')
        return NULL;
    endpoint->port = (uint16_t)port;
    if (words == 1)
        endpoint_set_v4(endpoint, word[0]);
    else
        memcpy(endpoint->ip, word, sizeof endpoint->ip);
    return at + 1;
}

/* "   3: LOCAL REMOTE STATE ..."; false for the heading and for anything that is no such row. */
static bool row_parse(struct row *row, const char *line, size_t words) {
    const char *at = line + strspn(line, " ");
    at += strspn(at, "0123456789");
    if (*at++ != ':')
        return false;
    at = take_endpoint(at + strspn(at, " "), words, &row->local);
    if (at != NULL)
        at = take_endpoint(at, words, &row->remote);
    if (at != NULL)
        at = take_hex(at, 2, &row->state);
    return at != NULL && row->state != 0 && row->state <= STATE_LAST;
}

/* Which ports the kernel's choice passes over: those that a bind() of some listener holds, whatever
 * its address, and those that already lead to the same destination. A server's accepted sockets
 * have the listener's port and another remote end: they are not counted again. */
static void count_row(struct count *count, const struct row *row) {
    if (row->state == STATE_LISTEN)
        set_add(&count->in_use, row->local.port);
    else if (!endpoint_equal(&row->remote, &count->target))
        return;
    else if (row->state == STATE_TIME_WAIT)
        set_add(&count->time_wait, row->local.port);
    else
        set_add(&count->in_use, row->local.port);
}

/* The beginning of the next line, however long it is and whatever bytes it holds; false at the end.
 * All that we read stands in the first hundred bytes. */
static bool next_line(FILE *file, char line[static LINE_BYTES]) {
    size_t length = 0;
    int c = getc(file);
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = getc(file))
        if (length < LINE_BYTES - 1)
            line[length++] = (char)c;
    line[length] = '\0';
    return true;
}

static bool count_table(struct count *count, const char *root, const char *path, size_t words) {
    FILE *file = files_open(root, path);
    if (file == NULL)
        return false;
    char line[LINE_BYTES];
    struct row row;
    while (next_line(file, line))
        if (row_parse(&row, line, words))
            count_row(count, &row);
    bool whole = ferror(file) == 0;
    fclose(file);
    return whole;
}

static bool count_tables(struct count *count, const char *root) {
    if (!count_table(count, root, "/proc/net/tcp", 1))
        return false;
    errno = 0;
    /* A kernel without IPv6 has no such file. */
    return count_table(count, root, "/proc/net/tcp6", 4) || errno == ENOENT;
}

/* "8080,9148-9150" (Documentation/networking/ip-sysctl.rst); what is not so ends the list. */
static void read_reserved(struct port_set *reserved, const char *root) {
    FILE *file = files_open(root, "/proc/sys/net/ipv4/ip_local_reserved_ports");
    if (file == NULL)
        return;
    long low, high;
    while (fscanf(file, "%ld", &low) == 1) {
        high = low;
        int c = getc(file);
        if (c == '-') {
            if (fscanf(file, "%ld", &high) != 1)
                break;
            c = getc(file);
        }
        if (low < 0 || high >= PORTS)
            break;
        for (long port = low; port <= high; port++)
            set_add(reserved, (uint16_t)port);
        if (c != ',')
            break;
    }
    fclose(file);
}

bool host_ports_read(struct host_ports *ports, const char *root, const struct address *target) {
    int64_t range[2];
    *ports = (struct host_ports){0};
    if (files_read_numbers(range, 2, root, "/proc/sys/net/ipv4/ip_local_port_range") != 2 ||
        range[0] > range[1] || range[1] >= PORTS)
        return false;
    struct count count = {.target = endpoint_of(target)};
    read_reserved(&count.reserved, root);
    bool known = count_tables(&count, root);
    ports->range = range[1] - range[0] + 1;
    for (int64_t i = range[0]; i <= range[1]; i++) {
        uint16_t port = (uint16_t)i;
        if (set_has(&count.reserved, port))
            ports->reserved++;
        else if (known && set_has(&count.in_use, port))
            ports->in_use++;
        else if (known && set_has(&count.time_wait, port))
            ports->time_wait++;
        else
            ports->free++;
    }
    if (!known)
        ports->in_use = ports->time_wait = -1;
    return true;
}
