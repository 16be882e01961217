/* Prints what the target did: connections by ending, answers by status, rules by what they hit. */
#include "target/summary.h"

#include "base/units.h"

#define COUNT(value) units_human_count((char[64]){0}, 64, (value))

static void print_endings(FILE *out, const struct counters *sum) {
    for (int i = 0; i < ENDINGS; i++) {
        uint64_t count = counter_read(&sum->endings[i]);
        if (count > 0)
            fprintf(out, "                %s %s\n", COUNT(count),
                    counters_ending_name((enum counters_ending)i));
    }
}

static void print_answers(FILE *out, const struct counters *sum) {
    fprintf(out, "  requests      read %s   answered %s", COUNT(counter_read(&sum->requests)),
            COUNT(counters_answered(sum)));
    for (int status = 0; status < COUNTERS_STATUSES; status++) {
        uint64_t count = counter_read(&sum->statuses[status]);
        if (count > 0)
            fprintf(out, "   %d: %s", status, COUNT(count));
    }
    fprintf(out, "\n                %s of them for pages under /_target/\n",
            COUNT(counter_read(&sum->pages)));
}

static void print_handshakes(FILE *out, const struct counters *sum) {
    fprintf(out, "  tls           full %s   resumed %s   tickets %s   key updates in %s   out %s\n",
            COUNT(counter_read(&sum->handshakes_full)),
            COUNT(counter_read(&sum->handshakes_resumed)), COUNT(counter_read(&sum->tickets)),
            COUNT(counter_read(&sum->key_updates_in)), COUNT(counter_read(&sum->key_updates_out)));
}

static void print_faults(FILE *out, const struct counters *sum,
                         const struct target_settings *settings) {
    for (uint32_t i = 0; i < settings->fault_count; i++)
        fprintf(out, "  %-13s %s   held for %s connections, fired %s times\n",
                i == 0 ? "rules" : "", settings->faults[i].text,
                COUNT(counter_read(&sum->fault_connections[i])),
                COUNT(counter_read(&sum->fault_fired[i])));
}

void target_summary(FILE *out, const struct counters *sum, const struct target_settings *settings) {
    uint64_t failures = counter_read(&sum->accept_failures);
    fprintf(out, "\n  connections   accepted %s   ended %s\n", COUNT(counter_read(&sum->accepted)),
            COUNT(counters_ended(sum)));
    print_endings(out, sum);
    if (failures > 0)
        fprintf(out, "                %s times no descriptor or no memory was left to accept one\n",
                COUNT(failures));
    print_answers(out, sum);
    if (target_speaks_tls(settings))
        print_handshakes(out, sum);
    print_faults(out, sum, settings);
    fprintf(out, "  bytes         in %s   out %s\n", COUNT(counter_read(&sum->bytes_in)),
            COUNT(counter_read(&sum->bytes_out)));
}
