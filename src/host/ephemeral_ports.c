/* Source ports counted as the kernel chooses among them: sockets, taken to the pairs that they
 * stand in the way of. */
#include "host/ephemeral_ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/files.h"
#include "host/sockets.h"

enum { PORTS = 65536 };

struct port_set {
    uint64_t words[PORTS / 64];
};

/* A socket's effect on the kernel's choice, worst first. */
enum hold { HOLD_IN_USE, HOLD_WAITING, HOLD_YOUNG };

/* One socket that holds a port towards a pair. */
struct hit {
    uint32_t pair;
    uint16_t port;
    uint16_t hold; /* enum hold */
};

/* tcp_tw_reuse and what it needs. */
struct reuse {
    int64_t everywhere, loopback; /* 1: yes */
    int64_t delay_ms;
};

struct count {
    const struct host_pairs *asked;
    struct socket_end *targets;
    struct socket_end *chosen; /* NULL where sources are given */
    struct reuse reuse;
    int64_t low, high;
    struct port_set reserved, listening;
    struct hit *hits;
    size_t hit_count, hit_room;
    bool no_memory;
};

static void set_add(struct port_set *set, uint16_t port) {
    set->words[port / 64] |= UINT64_C(1) << port % 64;
}

static bool set_has(const struct port_set *set, uint16_t port) {
    return (set->words[port / 64] >> port % 64 & 1) != 0;
}

/* Where a connect to this address ends up: the kernel takes "any" for the loopback address. */
static struct socket_end endpoint_of(const struct address *address) {
    struct socket_end endpoint = {.port = address_port(address)};
    if (address->of.any.sa_family == AF_INET) {
        in_addr_t ip = address->of.v4.sin_addr.s_addr;
        socket_end_set_v4(&endpoint, ip == htonl(INADDR_ANY) ? htonl(INADDR_LOOPBACK) : ip);
        return endpoint;
    }
    const struct in6_addr *ip = &address->of.v6.sin6_addr;
    memcpy(endpoint.ip, IN6_IS_ADDR_UNSPECIFIED(ip) ? &in6addr_loopback : ip, 16);
    return endpoint;
}

static bool endpoint_equal(const struct socket_end *a, const struct socket_end *b) {
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static bool is_mapped(const struct socket_end *endpoint) {
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(endpoint->ip, prefix, sizeof prefix) == 0;
}

static bool is_loopback(const struct socket_end *endpoint) {
    if (is_mapped(endpoint))
        return endpoint->ip[12] == 127;
    return memcmp(endpoint->ip, &in6addr_loopback, sizeof endpoint->ip) == 0;
}

static struct address address_of(const struct socket_end *endpoint) {
    struct address address = {0};
    if (is_mapped(endpoint)) {
        address.length = sizeof address.of.v4;
        address.of.v4.sin_family = AF_INET;
        memcpy(&address.of.v4.sin_addr, endpoint->ip + 12, 4);
    } else {
        address.length = sizeof address.of.v6;
        address.of.v6.sin6_family = AF_INET6;
        memcpy(&address.of.v6.sin6_addr, endpoint->ip, 16);
    }
    return address;
}

/* Takes its port again when it is older than the delay (tcp_twsk_unique()). One that still waits
 * for the peer's FIN shows state FIN_WAIT2, and is never taken. */
static bool row_hold(const struct count *count, const struct socket_row *row, enum hold *hold) {
    *hold = HOLD_IN_USE;
    if (row->state != SOCK_DIAG_TIME_WAIT)
        return true;
    bool loopback = is_loopback(&row->local) || is_loopback(&row->remote);
    if (count->reuse.everywhere == 0 && (count->reuse.loopback == 0 || !loopback)) {
        *hold = HOLD_WAITING;
        return true;
    }
    *hold = HOLD_YOUNG;
    return row->waited_ms <= count->reuse.delay_ms;
}

static void add_hit(struct count *count, uint32_t pair, uint16_t port, enum hold hold) {
    if (count->hit_count == count->hit_room) {
        size_t room = count->hit_room > 0 ? 2 * count->hit_room : 256;
        struct hit *hits = realloc(count->hits, room * sizeof *hits);
        if (hits == NULL) {
            count->no_memory = true;
            return;
        }
        count->hits = hits;
        count->hit_room = room;
    }
    count->hits[count->hit_count++] = (struct hit){pair, port, (uint16_t)hold};
}

/* The kernel's choice of address where it is not known. */
static bool is_unknown(const struct socket_end *chosen) {
    static const struct socket_end unknown;
    return memcmp(chosen->ip, unknown.ip, sizeof chosen->ip) == 0;
}

/* The place of the row's local address among the sources of a target; -1: not one of them. */
static int64_t source_of(const struct count *count, const struct socket_row *row, size_t target) {
    if (count->asked->sources.count > 0) {
        struct address local = address_of(&row->local);
        return address_set_find(&count->asked->sources, &local);
    }
    const struct socket_end *chosen = &count->chosen[target];
    bool fits = is_unknown(chosen) || memcmp(chosen->ip, row->local.ip, sizeof chosen->ip) == 0;
    return fits ? 0 : -1;
}

/* Which ports the kernel's choice passes over: those that a bind() of some listener holds, whatever
 * its address, and those that already lead from there to the same destination. A server's accepted
 * sockets have the listener's port and another remote end: they are not counted again. */
static void count_row(void *with, const struct socket_row *row) {
    struct count *count = with;
    if (row->local.port < count->low || row->local.port > count->high)
        return;
    if (row->state == SOCK_DIAG_LISTEN) {
        set_add(&count->listening, row->local.port);
        return;
    }
    enum hold hold;
    for (size_t i = 0, n = count->asked->target_count; i < n; i++) {
        if (!endpoint_equal(&row->remote, &count->targets[i]))
            continue;
        int64_t source = source_of(count, row, i);
        if (source >= 0 && row_hold(count, row, &hold))
            add_hit(count, (uint32_t)((uint64_t)source * n + i), row->local.port, hold);
    }
}

static struct sock_diag_block block_of(const struct socket_end *ends, size_t count) {
    struct sock_diag_block block = {.bits = count > 0 ? 128 : 0};
    for (size_t i = 0; i < count; i++) {
        if (i == 0)
            memcpy(block.ip, ends[i].ip, sizeof block.ip);
        sock_diag_block_widen(&block, ends[i].ip);
    }
    return block;
}

/* Where all sources are: between the first and the last, or where the kernel's choices are. */
static struct sock_diag_block block_of_sources(const struct count *count) {
    const struct address_set *sources = &count->asked->sources;
    size_t targets = count->asked->target_count;
    if (sources->count > 0) {
        struct address low = address_set_at(sources, 0);
        struct address high = address_set_at(sources, sources->count - 1);
        return block_of((struct socket_end[]){endpoint_of(&low), endpoint_of(&high)}, 2);
    }
    for (size_t i = 0; i < targets; i++)
        if (is_unknown(&count->chosen[i]))
            return (struct sock_diag_block){0};
    return block_of(count->chosen, targets);
}

/* The listeners, and what leads to the targets. */
static bool count_sockets(struct count *count, const char *root) {
    size_t targets = count->asked->target_count;
    struct sock_diag_ends ends = {
        .local = block_of_sources(count),
        .remote = block_of(count->targets, targets),
        .remote_port = targets > 0 ? count->targets[0].port : 0,
    };
    return sockets_read(root, &ends, count_row, count);
}

/* "8080,9148-9150" (Documentation/networking/ip-sysctl.rst); what is not so ends the list. False
 * when it is there and could not be read. */
static bool read_reserved(struct port_set *reserved, const char *root) {
    FILE *file = files_open(root, "/proc/sys/net/ipv4/ip_local_reserved_ports");
    if (file == NULL)
        return errno == ENOENT;
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
    bool read = ferror(file) == 0;
    fclose(file);
    return read;
}

static int by_pair(const void *a, const void *b) {
    const struct hit *one = a, *other = b;
    if (one->pair != other->pair)
        return one->pair < other->pair ? -1 : 1;
    if (one->port != other->port)
        return one->port < other->port ? -1 : 1;
    return (int)one->hold - (int)other->hold;
}

/* A port counts once, as the worst of those who hold it. */
static bool is_counted(const struct count *count, size_t i) {
    const struct hit *hit = &count->hits[i];
    return set_has(&count->reserved, hit->port) || set_has(&count->listening, hit->port) ||
           (i > 0 && hit[-1].pair == hit->pair && hit[-1].port == hit->port);
}

static void pair_add(struct host_pair *pair, enum hold hold) {
    switch (hold) {
    case HOLD_IN_USE: pair->in_use++; break;
    case HOLD_WAITING: pair->waiting++; break;
    case HOLD_YOUNG: pair->young++; break;
    }
}

/* The sockets found, summed up pair by pair. */
static bool make_pairs(struct ephemeral_ports *ports, struct count *count) {
    size_t distinct = 0;
    if (count->hit_count > 0)
        qsort(count->hits, count->hit_count, sizeof *count->hits, by_pair);
    for (size_t i = 0; i < count->hit_count; i++)
        distinct += i == 0 || count->hits[i].pair != count->hits[i - 1].pair;
    ports->pairs = calloc(distinct + 1, sizeof *ports->pairs);
    if (ports->pairs == NULL)
        return false;
    for (size_t i = 0; i < count->hit_count; i++) {
        if (is_counted(count, i))
            continue;
        struct host_pair *last = &ports->pairs[ports->pair_count];
        if (ports->pair_count == 0 || last[-1].pair != count->hits[i].pair)
            ports->pairs[ports->pair_count++].pair = count->hits[i].pair;
        pair_add(&ports->pairs[ports->pair_count - 1], (enum hold)count->hits[i].hold);
    }
    return true;
}

static void count_common(struct ephemeral_ports *ports, const struct count *count) {
    ports->range = count->high - count->low + 1;
    for (int64_t i = count->low; i <= count->high; i++) {
        uint16_t port = (uint16_t)i;
        if (set_has(&count->reserved, port))
            ports->reserved++;
        else if (ports->tables_known && set_has(&count->listening, port))
            ports->listening++;
    }
    ports->each = ports->range - ports->reserved - ports->listening;
}

static bool read_range(int64_t range[static 2], const char *root) {
    const char *path = "/proc/sys/net/ipv4/ip_local_port_range";
    return files_read_numbers(range, 2, root, path) == 2 && range[0] <= range[1] &&
           range[1] < PORTS;
}

/* Without timestamps nothing is taken again. The delay is a sysctl from 6.14 on, and was 1 s. */
static struct reuse read_reuse(const char *root) {
    int64_t mode = files_read_number(root, "/proc/sys/net/ipv4/tcp_tw_reuse");
    int64_t delay_ms = files_read_number(root, "/proc/sys/net/ipv4/tcp_tw_reuse_delay");
    bool stamps = files_read_number(root, "/proc/sys/net/ipv4/tcp_timestamps") != 0;
    return (struct reuse){
        .everywhere = stamps && mode == 1,
        .loopback = stamps && (mode == 1 || mode == 2),
        .delay_ms = delay_ms >= 0 ? delay_ms : 1000,
    };
}

/* The ends as the sockets show them. */
static bool prepare(struct count *count) {
    const struct host_pairs *asked = count->asked;
    count->targets = calloc(asked->target_count + 1, sizeof *count->targets);
    count->chosen = calloc(asked->target_count + 1, sizeof *count->chosen);
    if (count->targets == NULL || count->chosen == NULL)
        return false;
    for (size_t i = 0; i < asked->target_count; i++) {
        count->targets[i] = endpoint_of(&asked->targets[i]);
        if (asked->chosen != NULL && asked->chosen[i].length > 0)
            count->chosen[i] = endpoint_of(&asked->chosen[i]);
    }
    return true;
}

bool ephemeral_ports_read(struct ephemeral_ports *ports, const char *root,
                          const struct host_pairs *pairs) {
    int64_t range[2];
    *ports = (struct ephemeral_ports){0};
    struct count *count = calloc(1, sizeof *count);
    if (count == NULL || !read_range(range, root)) {
        free(count);
        return false;
    }
    count->asked = pairs;
    count->low = range[0];
    count->high = range[1];
    count->reuse = read_reuse(root);
    ports->tables_known = read_reserved(&count->reserved, root) && prepare(count) &&
                          count_sockets(count, root) && !count->no_memory &&
                          make_pairs(ports, count);
    count_common(ports, count);
    free(count->targets);
    free(count->chosen);
    free(count->hits);
    free(count);
    return true;
}

void ephemeral_ports_free(struct ephemeral_ports *ports) {
    free(ports->pairs);
    *ports = (struct ephemeral_ports){0};
}

bool ephemeral_ports_take(struct ephemeral_ports *ports, uint32_t pair) {
    size_t at = 0;
    while (at < ports->pair_count && ports->pairs[at].pair < pair)
        at++;
    if (at == ports->pair_count || ports->pairs[at].pair != pair) {
        struct host_pair *more =
            realloc(ports->pairs, (ports->pair_count + 1) * sizeof *ports->pairs);
        if (more == NULL)
            return false;
        ports->pairs = more;
        memmove(&more[at + 1], &more[at], (ports->pair_count - at) * sizeof *more);
        more[at] = (struct host_pair){.pair = pair};
        ports->pair_count++;
    }
    ports->pairs[at].in_use++;
    return true;
}

void ephemeral_ports_keep(struct ephemeral_ports *ports, const bool *keep, size_t targets) {
    size_t kept = 0, remaining = 0;
    for (size_t i = 0; i < targets; i++)
        remaining += keep[i];
    for (size_t i = 0; targets > 0 && i < ports->pair_count; i++) {
        struct host_pair pair = ports->pairs[i];
        size_t target = pair.pair % targets, place = 0;
        if (!keep[target])
            continue;
        for (size_t j = 0; j < target; j++)
            place += keep[j];
        pair.pair = (uint32_t)(pair.pair / targets * remaining + place);
        ports->pairs[kept++] = pair;
    }
    ports->pair_count = kept;
}

int64_t ephemeral_ports_unreserved(const char *root) {
    int64_t range[2];
    struct port_set *reserved = calloc(1, sizeof *reserved);
    int64_t count = -1;
    if (reserved != NULL && read_range(range, root)) {
        (void)read_reserved(reserved, root);
        count = 0;
        for (int64_t port = range[0]; port <= range[1]; port++)
            count += !set_has(reserved, (uint16_t)port);
    }
    free(reserved);
    return count;
}
