/* Lines that are folded between words where the terminal is too narrow for them. */
#ifndef REPORT_FORMAT_WRAP_H
#define REPORT_FORMAT_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report/format/style.h"

/* Text on its way to `out`. */
struct wrap {
    FILE *out, *inner;
    char *text;
    size_t size;
    int width;
    bool grouped_before;
};

/* The stream to print to until wrap_end(); `out` itself with a width of 0, which folds nothing.
 * Meanwhile digits are grouped as the style has it. */
FILE *wrap_begin(struct wrap *wrap, FILE *out, struct style style);
void wrap_end(struct wrap *wrap);

/* Prints the text's lines in at most width columns: a line breaks between its items (two blanks or
 * more), an item that is longer than a line, or would leave most of one empty, between its words,
 * no number before its sign or unit. What follows is indented to where the line's own text began. A
 * word that is wider than all stays whole. UTF-8 counts a column for each character; sequences of
 * SGR count none. */
void wrap_print(FILE *out, const char *text, int width);

#endif
