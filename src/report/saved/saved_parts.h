/* The parts of a saved run, read into what reports are drawn from; shared by the files that do. */
#ifndef REPORT_SAVED_SAVED_PARTS_H
#define REPORT_SAVED_SAVED_PARTS_H

#include "report/saved/saved.h"
#include "report/saved/saved_value.h"

/* Plan, target and environment: saved_setting.c. From a header or a whole report. */
bool saved_setting(struct saved *saved, struct saved_place *place, const struct json_t *document);
/* Of that, what the preflight finds out: addresses, and what the target answered. */
bool saved_target(struct saved *saved, struct saved_place *place, const struct json_t *document);
/* From the object that holds "sources": what --source auto came to; others are in the options. */
bool saved_sources(struct saved *saved, struct saved_place *place, const struct json_t *parent);
void saved_findings(struct findings *findings, struct saved_place *place,
                    const struct json_t *document);
/* Verdict and reasons as they stand there. */
void saved_verdict(struct judgement *judgement, struct saved_place *place,
                   const struct json_t *document);

/* Measured figures: saved_figures.c. From a line or a whole report. */
bool saved_figures(struct saved *saved, struct saved_place *place, const struct json_t *document);
/* saved_marks.c. Where the document has none, they stay. */
void saved_marks(struct marks *marks, struct saved_place *place, const struct json_t *document);
/* The server's own counts: saved_server.c. */
void saved_server(struct saved *saved, struct saved_place *place, const struct json_t *document);
/* Why connections ended, and when: saved_lifetimes.c. Where the document has none, closings and
 * survival stay. */
bool saved_lifetimes(struct judgement *judgement, struct saved_place *place,
                     const struct json_t *document);
/* The hosts of a run on many: saved_hosts.c. */
void saved_hosts(struct record *record, struct saved_place *place, const struct json_t *document);
/* What causes and survival are inferred from, where a part sent it to its leader: saved_endings.c.
 */
bool saved_endings(struct record *record, struct saved_place *place, const struct json_t *document);
/* The row of samples of a whole report: saved_timeline.c. */
bool saved_timeline(struct timeline *timeline, struct saved_place *place,
                    const struct json_t *document);
/* Of a search for the capacity its answer and steps, into judgement.capacity: saved_capacity.c. A
 * document without one leaves it NULL. */
bool saved_capacity(struct saved *saved, struct saved_place *place, const struct json_t *document);
/* From the object that holds "workers". */
bool saved_workers(struct record *record, struct saved_place *place, const struct json_t *parent);
/* The sample that a line of the timeline holds, beside what saved_figures() has read of it. */
struct timeline_sample saved_sample(const struct record *record, struct saved_place *place,
                                    const struct json_t *line);

#endif
