/* The names that more than one report gives to a finding's status, an errno and the run itself. */
#include "report/format/report_names.h"

#include <stdio.h>

const char *report_finding_status_name(enum finding_status status) {
    static const char *const names[FINDING_STATUS_COUNT] = {"ok", "warn", "fail", "unknown",
                                                            "skipped"};
    return names[status];
}

const char *report_errno_name(int slot) {
    return slot < TALLY_ERRNO_MAX ? outcome_errno_name(slot) : "other";
}

const char *report_alert_name(int alert) {
    static char number[8];
    snprintf(number, sizeof number, "%d", alert);
    return number;
}

const char *report_handshake_reason_name(int reason) {
    return handshake_reason_name((enum handshake_reason)reason);
}

const char *report_record_reason_name(int reason) {
    return record_reason_name((enum record_reason)reason);
}

/* Two runs differ in seed or start; the same record always has the same id (splitmix64's mixer). */
uint64_t report_id(const struct plan *plan, const struct record *record) {
    const struct timespec *start = &record->started_at;
    if (record->id != 0)
        return record->id;
    uint64_t mixed =
        plan->seed ^ ((uint64_t)start->tv_sec * 1000000000u + (uint64_t)start->tv_nsec);
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}
