/* Prints what the target did: connections by ending, answers by status, rules by what they hit. */
#include "target/summary.h"

#include <inttypes.h>

static void print_endings(FILE *out, const struct counters *sum) {
    for (int i = 0; i < ENDINGS; i++) {
        uint64_t count = counter_read(&sum->endings[i]);
        if (count > 0)
            fprintf(out, "                %" PRIu64 " %s\n", count,
                    counters_ending_name((enum counters_ending)i));
    }
}

static void print_answers(FILE *out, const struct counters *sum) {
    fprintf(out, "  requests      read %" PRIu64 "   answered %" PRIu64,
            counter_read(&sum->requests), counters_answered(sum));
    for (int status = 0; status < COUNTERS_STATUSES; status++) {
        uint64_t count = counter_read(&sum->statuses[status]);
        if (count > 0)
            fprintf(out, "   %d: %" PRIu64, status, count);
    }
    fprintf(out, "\n                %" PRIu64 " of them for pages under /_target/\n",
            counter_read(&sum->pages));
}

static void print_handshakes(FILE *out, const struct counters *sum) {
    fprintf(out,
            "  tls           full %" PRIu64 "   resumed %" PRIu64 "   tickets %" PRIu64
            "   key updates in %" PRIu64 "   out %" PRIu64 "\n",
            counter_read(&sum->handshakes_full), counter_read(&sum->handshakes_resumed),
            counter_read(&sum->tickets), counter_read(&sum->key_updates_in),
            counter_read(&sum->key_updates_out));
}

static void print_faults(FILE *out, const struct counters *sum,
                         const struct target_settings *settings) {
    for (uint32_t i = 0; i < settings->fault_count; i++)
        fprintf(out, "  %-13s %s   held for %" PRIu64 " connections, fired %" PRIu64 " times\n",
                i == 0 ? "rules" : "", settings->faults[i].text,
                counter_read(&sum->fault_connections[i]), counter_read(&sum->fault_fired[i]));
}

void target_summary(FILE *out, const struct counters *sum, const struct target_settings *settings) {
    uint64_t failures = counter_read(&sum->accept_failures);
    fprintf(out, "\n  connections   accepted %" PRIu64 "   ended %" PRIu64 "\n",
            counter_read(&sum->accepted), counters_ended(sum));
    print_endings(out, sum);
    if (failures > 0)
        fprintf(out,
                "                %" PRIu64
                " times no descriptor or no memory was left to accept one\n",
                failures);
    print_answers(out, sum);
    if (target_speaks_tls(settings))
        print_handshakes(out, sum);
    print_faults(out, sum, settings);
    fprintf(out, "  bytes         in %" PRIu64 "   out %" PRIu64 "\n", counter_read(&sum->bytes_in),
            counter_read(&sum->bytes_out));
}
