/* The line "look at": where the reason of a verdict that is not HELD is to be found. */
#ifndef REPORT_FORMAT_LOOK_AT_H
#define REPORT_FORMAT_LOOK_AT_H

#include <stdio.h>

#include "judge/verdict/judgement.h"
#include "stats/record.h"

/* A line of the summary, whose label takes the columns before LOOK_AT_COLUMN. record is NULL when
 * no load was sent; nothing is printed of a run that held. */
enum { LOOK_AT_COLUMN = 16 };
void look_at_print(FILE *out, const struct record *record, const struct judgement *judgement);

/* The same line without its label and its line feed, which the caller frees; NULL: there is none,
 * or no memory. */
char *look_at_text(const struct record *record, const struct judgement *judgement);

#endif
