/* Folds lines between items and words. */
#include "report/format/wrap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

/* The first mark of a row ("ok", "FAIL", "do") is no label; labels end before this column. */
enum { MARK_COLUMNS = 4, LABEL_COLUMNS = 30 };

/* One line as it is printed. */
struct folding {
    FILE *out;
    int width, indent, column;
    bool empty; /* nothing but blanks stands on this line yet */
};

static int columns_of(const char *text, size_t length) {
    int columns = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\033')
            while (i + 1 < length && text[i] != 'm')
                i++;
        else
            columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return columns;
}

/* Up to the next two blanks in a row, or the end. */
static size_t item_length(const char *text, size_t length) {
    size_t i = 0;
    while (i < length && !(text[i] == ' ' && (i + 1 == length || text[i + 1] == ' ')))
        i++;
    return i;
}

/* Up to the next blank that does not hold a number, or a number and its sign, together. */
static size_t word_length(const char *text, size_t length) {
    size_t i = 1;
    while (i < length &&
           !(text[i] == ' ' &&
             !(ascii_is_digit((unsigned char)text[i - 1]) && i + 1 < length &&
               (ascii_is_digit((unsigned char)text[i + 1]) || strchr("%/", text[i + 1]) != NULL))))
        i++;
    return i;
}

static size_t blanks_of(const char *text, size_t length) {
    size_t count = 0;
    while (count < length && text[count] == ' ')
        count++;
    return count;
}

/* Where the text of a row begins: behind its label, and behind a mark before that. */
static int indent_of(const char *line, size_t length, int width) {
    size_t at = blanks_of(line, length), leading = at;
    size_t label = item_length(line + at, length - at);
    bool mark = columns_of(line + at, label) <= MARK_COLUMNS;
    at += label;
    at += blanks_of(line + at, length - at);
    size_t next = item_length(line + at, length - at);
    if (mark && at + next < length && columns_of(line, at + next) < LABEL_COLUMNS)
        at += next + blanks_of(line + at + next, length - at - next);
    int indent = columns_of(line, at);
    return at < length && indent <= width / 2 ? indent : (int)leading + 2;
}

static void put(struct folding *folding, const char *text, size_t length, size_t blanks) {
    int columns = columns_of(text, length);
    if (!folding->empty && folding->column + (int)blanks + columns > folding->width) {
        fprintf(folding->out, "\n%*s", folding->indent, "");
        folding->column = folding->indent;
        blanks = 0;
    }
    fprintf(folding->out, "%*s", (int)blanks, "");
    fwrite(text, 1, length, folding->out);
    folding->column += (int)blanks + columns;
    folding->empty = false;
}

static void put_item(struct folding *folding, const char *item, size_t length, size_t blanks) {
    if (columns_of(item, length) <= folding->width - folding->indent) {
        put(folding, item, length, blanks);
        return;
    }
    for (size_t at = 0; at < length;) {
        size_t word = word_length(item + at, length - at);
        put(folding, item + at, word, blanks);
        at += word;
        blanks = blanks_of(item + at, length - at);
        at += blanks;
    }
}

static void print_line(FILE *out, const char *line, size_t length, int width) {
    struct folding folding = {out, width, indent_of(line, length, width), 0, true};
    if (columns_of(line, length) <= width) {
        fwrite(line, 1, length, out);
        return;
    }
    for (size_t at = 0; at < length;) {
        size_t blanks = blanks_of(line + at, length - at);
        at += blanks;
        size_t item = item_length(line + at, length - at);
        if (item > 0)
            put_item(&folding, line + at, item, blanks);
        at += item;
    }
}

void wrap_print(FILE *out, const char *text, int width) {
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        print_line(out, text, length, width);
        text += length;
        if (*text == '\n')
            putc(*text++, out);
    }
}

FILE *wrap_begin(struct wrap *wrap, FILE *out, int width) {
    *wrap = (struct wrap){.out = out, .width = width};
    wrap->inner = width > 0 ? open_memstream(&wrap->text, &wrap->size) : NULL;
    return wrap->inner != NULL ? wrap->inner : out;
}

void wrap_end(struct wrap *wrap) {
    if (wrap->inner == NULL)
        return;
    if (fclose(wrap->inner) == 0)
        wrap_print(wrap->out, wrap->text, wrap->width);
    free(wrap->text);
}
