/* Folds lines between items and words. */
#include "report/format/wrap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "report/format/format.h"

/* The first mark of a row ("ok", "FAIL", "do") is no label; labels end before this column. */
enum { MARK_COLUMNS = 4, LABEL_COLUMNS = 30 };

/* One line as it is printed. */
struct folding {
    FILE *out;
    int width, indent, column;
    bool empty; /* nothing but blanks stands on this line yet */
};

/* Up to the next two blanks in a row, or the end. */
static size_t item_length(const char *text, size_t length) {
    size_t i = 0;
    while (i < length && !(text[i] == ' ' && (i + 1 == length || text[i + 1] == ' ')))
        i++;
    return i;
}

/* Whether a number's sign or unit begins here. */
static bool is_unit(const char *text, size_t length) {
    static const char *const units[] = {"ns", "us", "ms", "s", "B", "KiB", "MiB", "GiB", "TiB"};
    size_t letters = 0;
    while (letters < length && ascii_is_lower(ascii_lower((unsigned char)text[letters])))
        letters++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strlen(units[i]) == letters && memcmp(units[i], text, letters) == 0)
            return true;
    return length > 0 && (text[0] == '%' || text[0] == '/');
}

/* Up to the next blank that does not hold a number and its unit together. */
static size_t word_length(const char *text, size_t length) {
    size_t i = 1;
    while (i < length && !(text[i] == ' ' && !(ascii_is_digit((unsigned char)text[i - 1]) &&
                                               is_unit(text + i + 1, length - i - 1))))
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
    bool mark = format_columns(line + at, label) <= MARK_COLUMNS;
    at += label;
    at += blanks_of(line + at, length - at);
    size_t next = item_length(line + at, length - at);
    if (mark && at + next < length && format_columns(line, at + next) < LABEL_COLUMNS)
        at += next + blanks_of(line + at + next, length - at - next);
    int indent = format_columns(line, at);
    return at < length && indent <= width / 2 ? indent : (int)leading + 2;
}

static void put(struct folding *folding, const char *text, size_t length, size_t blanks) {
    int columns = format_columns(text, length);
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

/* Whether to begin a line with an item that has no room behind the others would leave most of
 * theirs empty. */
static bool is_long_behind_short(const struct folding *folding, int columns, size_t blanks) {
    int room = folding->width - folding->column - (int)blanks;
    return !folding->empty && columns > room && room >= folding->width / 2;
}

static void put_item(struct folding *folding, const char *item, size_t length, size_t blanks) {
    int columns = format_columns(item, length);
    if (columns <= folding->width - folding->indent &&
        !is_long_behind_short(folding, columns, blanks)) {
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
    if (format_columns(line, length) <= width) {
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

FILE *wrap_begin(struct wrap *wrap, FILE *out, struct style style) {
    *wrap = (struct wrap){.out = out, .width = style.width};
    wrap->grouped_before = format_group_digits(style.group_digits);
    wrap->inner = style.width > 0 ? open_memstream(&wrap->text, &wrap->size) : NULL;
    return wrap->inner != NULL ? wrap->inner : out;
}

void wrap_end(struct wrap *wrap) {
    format_group_digits(wrap->grouped_before);
    if (wrap->inner == NULL)
        return;
    if (fclose(wrap->inner) == 0)
        wrap_print(wrap->out, wrap->text, wrap->width);
    free(wrap->text);
}
