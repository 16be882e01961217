/* Marks in words: for summary and page alike. */
#include "report/format/mark_text.h"

#include <math.h>
#include <stdio.h>

#include "report/format/format.h"

struct mark_text mark_text(const struct mark *mark) {
    struct mark_text words;
    char ended[32] = "", refill[80] = "";
    if (mark->killed)
        snprintf(ended, sizeof ended, "killed at the end; ");
    else if (mark->exit_code >= 0)
        snprintf(ended, sizeof ended, "exit %d; ", mark->exit_code);
    if (mark->lost_within > 0 && isnan(mark->refill_seconds))
        snprintf(refill, sizeof refill, ", never all refilled");
    else if (mark->lost_within > 0)
        snprintf(refill, sizeof refill, ", refilled after %s",
                 format_seconds(mark->refill_seconds).text);
    if (!(mark->window_seconds > 0)) {
        snprintf(words.text, sizeof words.text, "%sthe figures were frozen by then", ended);
        return words;
    }
    snprintf(words.text, sizeof words.text, "%s%s lost within %s%s", ended,
             format_count(mark->lost_within).text, format_seconds(mark->window_seconds).text,
             refill);
    return words;
}
