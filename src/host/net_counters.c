/* The kernel's counters of one network namespace. */
#include "host/net_counters.h"

#include <stdlib.h>
#include <string.h>

#include "host/files.h"

enum { LINE_BYTES = 8192 };

static FILE *open_table(const char *root, int pid, const char *name) {
    char path[64];
    if (pid == 0)
        snprintf(path, sizeof path, "/proc/self/net/%s", name);
    else
        snprintf(path, sizeof path, "/proc/%d/net/%s", pid, name);
    return files_open(root, path);
}

/* --- counters --- */

static int64_t *place_of(struct net_counters *out, const char *name) {
    const struct {
        const char *name;
        int64_t *place;
    } rows[] = {
        {"ListenOverflows", &out->listen_overflows},
        {"ListenDrops", &out->listen_drops},
        {"TCPReqQFullDrop", &out->request_queue_drops},
        {"TCPSynRetrans", &out->syn_retransmits},
        {"TCPTimeouts", &out->timeouts},
        {"TCPAbortOnMemory", &out->memory_aborts},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].place;
    return NULL;
}

/* A line of names, and below it one of as many values, word by word. */
static void take_words(struct net_counters *out, char *names, char *values) {
    char *name_rest = NULL, *value_rest = NULL;
    const char *name = strtok_r(names, " \n", &name_rest);
    const char *value = strtok_r(values, " \n", &value_rest);
    while (name != NULL && value != NULL) {
        int64_t *place = place_of(out, name);
        char *end;
        long long number = strtoll(value, &end, 10);
        if (place != NULL && end != value && *end == '\0' && number >= 0)
            *place = number;
        name = strtok_r(NULL, " \n", &name_rest);
        value = strtok_r(NULL, " \n", &value_rest);
    }
}

bool net_counters_read(struct net_counters *out, const char *root, int pid) {
    static const char head[] = "TcpExt:";
    *out = (struct net_counters){-1, -1, -1, -1, -1, -1};
    FILE *file = open_table(root, pid, "netstat");
    if (file == NULL)
        return false;
    static char names[LINE_BYTES], values[LINE_BYTES];
    bool found = false;
    while (!found && fgets(names, sizeof names, file) && fgets(values, sizeof values, file))
        found = strncmp(names, head, sizeof head - 1) == 0 &&
                strncmp(values, head, sizeof head - 1) == 0;
    fclose(file);
    if (found)
        take_words(out, names, values);
    return found;
}

/* --- socket memory --- */

/* "TCP: inuse 207 orphan 62 tw 2002 alloc 270 mem 95": the last. */
int64_t net_tcp_pages(const char *root) {
    char line[256];
    long long pages;
    if (!files_read_field(line, sizeof line, root, "/proc/net/sockstat", "TCP"))
        return -1;
    const char *at = strstr(line, " mem ");
    return at != NULL && sscanf(at, " mem %lld", &pages) == 1 && pages >= 0 ? pages : -1;
}

int64_t net_tcp_pages_max(const char *root) {
    int64_t numbers[3];
    return files_read_numbers(numbers, 3, root, "/proc/sys/net/ipv4/tcp_mem") == 3 ? numbers[2]
                                                                                   : -1;
}

int64_t net_conntrack_count(const char *root) {
    return files_read_number(root, "/proc/sys/net/netfilter/nf_conntrack_count");
}

int64_t net_conntrack_max(const char *root) {
    return files_read_number(root, "/proc/sys/net/netfilter/nf_conntrack_max");
}
