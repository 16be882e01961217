/* The JSON report's sections, one function each, shared by the files that write them. */
#ifndef REPORT_SECTIONS_H
#define REPORT_SECTIONS_H

#include "base/json.h"
#include "judge/judge.h"
#include "plan/plan.h"
#include "stats/record.h"

/* What was asked and where: json_setting.c. */
/* "sources": the ranges of addresses that the plan connects from. */
void member_sources(struct json *json, const struct plan *plan);
void section_plan(struct json *json, const struct plan *plan);
void section_target(struct json *json, const struct plan *plan, const struct target_facts *facts);
void section_environment(struct json *json, const struct host *host);

/* In a line of the timeline but its last, a section leaves out outcomes of which there are none,
 * the drain, which comes in the end, workers, which do not change, and histograms, which are large.
 */
enum section_form { FORM_REPORT, FORM_LINE };

/* What was measured: json_figures.c. */
void section_connections(struct json *json, const struct plan *plan, const struct record *record,
                         enum section_form form);
void section_requests(struct json *json, const struct plan *plan, const struct record *record,
                      enum section_form form);
/* survival: NULL in a line of the timeline, where it is not known yet. */
void section_lifetimes(struct json *json, const struct closings *closings,
                       const struct survival *survival);
/* A distribution's figures; in a report its histogram too. */
void section_figures(struct json *json, const char *name, const struct record *record,
                     enum distribution distribution, enum section_form form);
void section_generator(struct json *json, const struct record *record, enum section_form form);
void section_timeline(struct json *json, const struct timeline *timeline);

/* What the server said of itself: json_server.c. */
void section_server(struct json *json, const struct record *record);

/* What somebody pointed at: json_marks.c. */
void section_marks(struct json *json, const struct marks *marks);

/* Of the search for the capacity: json_capacity.c. */
struct capacity;
void section_capacity(struct json *json, const struct capacity *capacity);

/* Members whose value may not be measured: null below zero, null for "". */
void member_known_int(struct json *json, const char *name, int64_t value);
void member_known_text(struct json *json, const char *name, const char *value);

/* As the report spells them; the schema lists the same. */
const char *finding_status_name(enum finding_status status);
enum {
    FINDING_STATUS_COUNT = FINDING_SKIPPED + 1,
    VERDICT_COUNT = VERDICT_NO_TARGET + 1,
    SIDE_COUNT = SIDE_US + 1
};

/* "ECONNRESET"; "other" for the last, which counts all beyond. */
const char *errno_slot_name(int slot);

/* The report's head: json_report.c. */
void section_tool(struct json *json);
void member_ended_by(struct json *json, const struct record *record); /* by --abort-on-fail */
void section_verdict(struct json *json, const struct judgement *judgement);
void section_requirements(struct json *json, const struct judgement *judgement);
void section_findings(struct json *json, const struct findings *findings);

/* Wall clock in UTC with that many digits of a second; null for 0. */
void member_time(struct json *json, const char *name, const struct timespec *time, int digits);
/* The run's identity, from its seed and its start; of a saved run its own. */
uint64_t report_id(const struct plan *plan, const struct record *record);
void member_id(struct json *json, const struct plan *plan, const struct record *record);
void section_workers(struct json *json, const struct record *record);

#endif
