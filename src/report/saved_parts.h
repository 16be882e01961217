/* The parts of a saved run, read into what reports are drawn from; shared by the files that do. */
#ifndef REPORT_SAVED_PARTS_H
#define REPORT_SAVED_PARTS_H

#include "report/saved.h"
#include "report/saved_value.h"

/* What was asked, of whom and where: saved_setting.c. From a header or a whole report. */
bool saved_setting(struct saved *saved, struct place *place, const struct json_t *document);
/* Of that, what the preflight finds out: addresses, and what the target answered. */
bool saved_target(struct saved *saved, struct place *place, const struct json_t *document);
/* From the object that holds "sources": what --source auto came to; others are in the options. */
bool saved_sources(struct saved *saved, struct place *place, const struct json_t *parent);
void saved_findings(struct findings *findings, struct place *place, const struct json_t *document);
/* Verdict and reasons as they stand there. */
void saved_verdict(struct judgement *judgement, struct place *place, const struct json_t *document);

/* What was measured: saved_figures.c. From a line or a whole report. */
bool saved_figures(struct saved *saved, struct place *place, const struct json_t *document);
/* saved_marks.c. Where the document does not say, they stay. */
void saved_marks(struct marks *marks, struct place *place, const struct json_t *document);
/* What the server said of itself: saved_server.c. */
void saved_server(struct saved *saved, struct place *place, const struct json_t *document);
/* Why connections ended, and when: saved_lifetimes.c. Where the document does not say, closings and
 * survival stay. */
bool saved_lifetimes(struct judgement *judgement, struct place *place,
                     const struct json_t *document);
/* The row of samples of a whole report: saved_timeline.c. */
bool saved_timeline(struct timeline *timeline, struct place *place, const struct json_t *document);
/* From the object that holds "workers". */
bool saved_workers(struct record *record, struct place *place, const struct json_t *parent);
/* The sample that a line of the timeline holds, beside what saved_figures() has read of it. */
struct sample saved_sample(const struct record *record, struct place *place,
                           const struct json_t *line);

#endif
