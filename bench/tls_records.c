/* What a record costs: sealing and opening by the record layer, for each suite, in microseconds of
 * this thread's CPU time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/require.h"
#include "wire/tls/tls_records.h"

enum { RECORDS = 2000, ROUNDS = 15, LENGTH_MAX = 16384 };

static double cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

struct end {
    struct tls_records *records;
    const struct transport *transport;
    void *state, *fragment;
};

static void begin(struct end *end, const struct tls_suite *suite, bool serves) {
    struct tls_secrets secrets = {.suite = suite, .serves = serves};
    end->records = tls_records_create(&(struct tls_records_settings){.suite = suite});
    require(end->records != NULL);
    end->transport = tls_records_transport(end->records);
    end->state = calloc(1, end->transport->state_bytes);
    end->fragment = malloc(end->transport->fragment_bytes);
    require(end->state != NULL && end->fragment != NULL);
    require(tls_records_begin(end->records, end->state, &secrets));
}

static void finish(struct end *end) {
    free(end->state);
    free(end->fragment);
    tls_records_destroy(end->records);
}

static size_t seal_all(struct end *end, const char *plain, size_t length, char *out) {
    size_t sealed = 0;
    for (int i = 0; i < RECORDS; i++)
        sealed += end->transport->seal(end->records, end->state, plain, length, out + sealed);
    return sealed;
}

static void open_all(struct end *end, char *bytes, size_t left) {
    struct transport_conn lent = {
        .shared = end->transport->shared, .state = end->state, .fragment = end->fragment};
    while (left > 0) {
        struct transport_fact fact;
        end->transport->open(&lent, bytes, left, &fact);
        require(fact.kind == TRANSPORT_DATA);
        bytes += fact.taken;
        left -= fact.taken;
    }
}

/* The calmest round of each. */
static void measure(const struct tls_suite *suite, size_t length, char *plain, char *sealed) {
    double seal = 1e9, open = 1e9;
    struct end client, server;
    begin(&client, suite, false);
    begin(&server, suite, true);
    for (int round = 0; round < ROUNDS; round++) {
        double begun = cpu_us();
        size_t bytes = seal_all(&client, plain, length, sealed);
        double between = cpu_us();
        open_all(&server, sealed, bytes);
        double ended = cpu_us();
        seal = between - begun < seal ? between - begun : seal;
        open = ended - between < open ? ended - between : open;
    }
    printf("| %s | %zu | %.2f | %.2f |\n", suite->name, length, seal / RECORDS, open / RECORDS);
    finish(&client);
    finish(&server);
}

int main(void) {
    static const size_t lengths[] = {90, 1400, LENGTH_MAX};
    char *plain = calloc(1, LENGTH_MAX), *sealed = malloc(RECORDS * (LENGTH_MAX + (size_t)64));
    require(plain != NULL && sealed != NULL);
    printf("| suite | bytes | seal us | open us |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < TLS_SUITES; i++)
        for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++)
            measure(tls_suite_at(i), lengths[j], plain, sealed);
    free(plain);
    free(sealed);
    return 0;
}
