/* Text of any origin escaped for XML and HTML. */
#ifndef REPORT_FORMAT_MARKUP_H
#define REPORT_FORMAT_MARKUP_H

#include <stdio.h>

/* Writes text so that both read it as text, in an element and in a quoted attribute: & < > " ' as
 * references; bytes that are not UTF-8, and characters that neither takes (controls but tab and
 * line feed, noncharacters), as U+FFFD. NULL is nothing. */
void markup_text(FILE *out, const char *text);

/* A stream for a writer of ours that makes UTF-8 without controls (JSON, the summary): what it
 * writes comes to `out` as text of an element. NULL when there is no memory. fclose() ends it, and
 * leaves `out` open. */
FILE *markup_stream(FILE *out);

#endif
