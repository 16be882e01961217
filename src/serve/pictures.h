/* Pictures of a run, drawn by the report's own code, and its numbers as Prometheus reads them. */
#ifndef SERVE_PICTURES_H
#define SERVE_PICTURES_H

#include <stddef.h>

#include "serve/folder.h"

enum picture_what { PICTURE_CHARTS, PICTURE_TIMES, PICTURE_METRICS };
enum { PICTURE_WIDTH = 960, PICTURE_WIDTH_MIN = 280, PICTURE_WIDTH_MAX = 2000 };

/* Drawn of the report of a run where there is one, else of its timeline so far; the caller frees.
 * NULL: there is nothing to draw yet, or no memory. */
char *picture_draw(const struct folder *folder, const struct run_id *id, enum picture_what what,
                   unsigned width, size_t *length);

/* The report of a run held against that of another, as `holdfast report --compare --json` writes
 * it; the caller frees. NULL: one of them left no report, or no memory. */
char *picture_comparison(const struct folder *folder, const struct run_id *baseline,
                         const struct run_id *id, size_t *length);

/* The numbers of no run: this build and this process. */
char *picture_metrics_alone(size_t *length);

#endif
