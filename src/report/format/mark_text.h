/* The effect of a mark, in words. */
#ifndef REPORT_FORMAT_MARK_TEXT_H
#define REPORT_FORMAT_MARK_TEXT_H

#include "stats/marks.h"

struct mark_text {
    char text[256];
};
/* "exit 0; 2000 lost within 10.0 s, refilled after 3.00 s". */
struct mark_text mark_text(const struct mark *mark);

#endif
