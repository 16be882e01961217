/* The JSON report's sections, one function each, shared by the files that write them. */
#ifndef REPORT_EXPORT_JSON_SECTIONS_H
#define REPORT_EXPORT_JSON_SECTIONS_H

#include "base/json_write.h"
#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "stats/record.h"

/* Plan, target and environment: json_setting.c. */
/* "sources": the ranges of addresses that the plan connects from. */
void json_member_sources(struct json_writer *json, const struct setup *setup);
void json_section_plan(struct json_writer *json, const struct plan *plan,
                       const struct setup *setup);
void json_section_target(struct json_writer *json, const struct plan *plan,
                         const struct setup *setup, const struct record_target *facts);
void json_section_environment(struct json_writer *json, const struct host *host);

/* In a line of the timeline but its last, a section leaves out outcomes of which there are none,
 * the drain, which comes in the end, workers, which do not change, and histograms, which are large.
 */
enum json_section_form { FORM_REPORT, FORM_LINE };

/* Measured figures: json_figures.c. */
void json_section_connections(struct json_writer *json, const struct plan *plan,
                              const struct record *record, enum json_section_form form);
void json_section_requests(struct json_writer *json, const struct plan *plan,
                           const struct record *record, enum json_section_form form);
/* survival: NULL in a line of the timeline, where it is not known yet. */
void json_section_lifetimes(struct json_writer *json, const struct closings *closings,
                            const struct survival *survival);
/* The hosts of a run on many; nothing of a run of one: json_hosts.c. */
void json_section_hosts(struct json_writer *json, const struct record *record);
/* To a leader alone: json_endings.c. started_ns: when the load began, by this host's clock. */
void json_section_endings(struct json_writer *json, const struct record *record,
                          int64_t started_ns);
/* The distributions of no section, each under its name: their figures, in a report their
 * histograms too. */
void json_section_distributions(struct json_writer *json, const struct record *record,
                                enum json_section_form form);
void json_section_generator(struct json_writer *json, const struct record *record,
                            enum json_section_form form);
void json_section_timeline(struct json_writer *json, const struct timeline *timeline);

/* The server's own counts: json_server.c. */
void json_section_server(struct json_writer *json, const struct record *record);

/* The marks of the run: json_marks.c. */
void json_section_marks(struct json_writer *json, const struct marks *marks);

/* Of the search for the capacity: json_capacity.c. */
struct capacity;
void json_section_capacity(struct json_writer *json, const struct capacity *capacity);

/* Members whose value may not be measured: null below zero, null for "". */
void json_member_known_int(struct json_writer *json, const char *name, int64_t value);
void json_member_known_text(struct json_writer *json, const char *name, const char *value);

/* The report's head: json_report.c. */
void json_section_tool(struct json_writer *json);
void json_member_ended_by(struct json_writer *json,
                          const struct record *record); /* by --abort-on-fail */
void json_section_verdict(struct json_writer *json, const struct judgement *judgement);
void json_section_requirements(struct json_writer *json, const struct judgement *judgement);
void json_section_findings(struct json_writer *json, const struct findings *findings);

/* Wall clock in UTC with that many digits of a second; null for 0. */
void json_member_time(struct json_writer *json, const char *name, const struct timespec *time,
                      int digits);
void json_member_id(struct json_writer *json, const struct plan *plan, const struct record *record);
void json_section_workers(struct json_writer *json, const struct record *record);

#endif
