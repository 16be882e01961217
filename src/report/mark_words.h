/* What became of a mark, in words. */
#ifndef REPORT_MARK_WORDS_H
#define REPORT_MARK_WORDS_H

#include "stats/marks.h"

struct mark_words {
    char text[256];
};
/* "exit 0; 2 000 lost within 10.0 s, made good after 3.00 s". */
struct mark_words mark_words(const struct mark *mark);

#endif
