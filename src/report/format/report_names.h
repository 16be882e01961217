/* The names that more than one report gives to a finding's status, an errno and the run itself. */
#ifndef REPORT_FORMAT_REPORT_NAMES_H
#define REPORT_FORMAT_REPORT_NAMES_H

#include <stdint.h>

#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "stats/record.h"

enum {
    FINDING_STATUS_COUNT = FINDING_SKIPPED + 1,
    VERDICT_COUNT = VERDICT_NO_TARGET + 1,
    SIDE_COUNT = SIDE_US + 1
};

/* "ok", "warn", ... */
const char *report_finding_status_name(enum finding_status status);

/* "ECONNRESET"; "other" for the last slot, which counts all beyond. */
const char *report_errno_name(int slot);

/* Of tables of counts over TLS: an alert's number ("116"), and the words of base/. */
const char *report_alert_name(int alert); /* until the next call */
const char *report_handshake_reason_name(int reason);
const char *report_record_reason_name(int reason);

/* The run's identity, from its seed and its start; of a saved run its own. */
uint64_t report_id(const struct plan *plan, const struct record *record);

#endif
