/* How text is drawn on a terminal: colour or none, UTF-8 or ASCII. Tints never carry meaning alone.
 */
#ifndef REPORT_FORMAT_STYLE_H
#define REPORT_FORMAT_STYLE_H

#include <stdbool.h>

#include "options/options.h"

/* How to draw on one stream. */
struct style {
    bool color;
    bool utf8;         /* else ASCII marks */
    bool group_digits; /* of counts: format_group_digits() */
    int width;         /* of the terminal, in columns; 0: none, and lines are as long as they are */
};

/* From --color, NO_COLOR, TERM and whether the descriptor is a terminal; the locale; and the
 * terminal's width. */
struct style style_for(int fd, enum option_color color);

enum style_tint { TINT_GOOD, TINT_BAD, TINT_WARN, TINT_DIM, TINT_STRONG };

/* The bytes before and behind tinted text; "" without colour. */
const char *style_start(struct style style, enum style_tint tint);
const char *style_stop(struct style style);

#endif
