/* Files of lines that options name: read whole, bounded, and taken line by line with a number. */
#include "options/options_row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

/* The arena: blocks in a chain, freed together. */
struct options_block {
    struct options_block *next;
    char bytes[];
};

char *options_room(struct options *options, size_t size) {
    struct options_block *block = malloc(sizeof *block + size);
    if (block == NULL)
        return NULL;
    block->next = options->arena;
    options->arena = block;
    return block->bytes;
}

void options_free(struct options *options) {
    struct options_block *block = options->arena;
    while (block != NULL) {
        struct options_block *next = block->next;
        free(block);
        block = next;
    }
    options->arena = NULL;
}

/* The whole stream, as far as room goes; 0 or an errno. */
static int read_all(FILE *file, char *room, size_t size, size_t *length) {
    errno = 0;
    *length = fread(room, 1, size, file);
    if (!ferror(file))
        return 0;
    return errno != 0 ? errno : EIO;
}

bool options_slurp(struct options *options, const char *label, const char *path, size_t most,
                   char **text, size_t *length, struct refuse_buffer to) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return refuse(to, "%s: cannot open \"%s\": %s", label, refuse_quote(path).text,
                      strerror(errno));
    *text = options_room(options, most + 1);
    int fault = *text != NULL ? read_all(file, *text, most + 1, length) : ENOMEM;
    fclose(file);
    if (fault != 0)
        return refuse(to, "%s: cannot read \"%s\": %s", label, refuse_quote(path).text,
                      strerror(fault));
    if (*length > most)
        return refuse(to, "%s: \"%s\" is longer than the %zu MiB that are accepted", label,
                      refuse_quote(path).text, most >> 20);
    return true;
}

char *options_lines_skip_blanks(char *text) {
    while (ascii_is_blank((unsigned char)*text))
        text++;
    return text;
}

void options_lines_cut_blanks(char *text) {
    size_t length = strlen(text);
    while (length > 0 && ascii_is_blank((unsigned char)text[length - 1]))
        length--;
    text[length] = '\0';
}

void options_lines_begin(struct options_lines *lines, struct options *options, const char *name,
                         const char *text, size_t length) {
    *lines = (struct options_lines){options, name, text, text + length, 0};
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        lines->at += 3;
}

static bool check_line(const struct options_lines *lines, const char *line, size_t length,
                       struct refuse_buffer to) {
    const char *what = length > OPTIONS_LINE_MAX            ? "is longer than 64 KiB"
                       : memchr(line, '\0', length) != NULL ? "has a NUL byte"
                       : memchr(line, '\r', length) != NULL ? "has a CR inside"
                                                            : NULL;
    return what == NULL ||
           refuse(to, "%s:%zu: the line %s: lines of text that end in LF or CR LF are accepted",
                  lines->name, lines->number, what);
}

enum options_lines_outcome options_lines_take(struct options_lines *lines, char **line,
                                              struct refuse_buffer to) {
    while (lines->at < lines->end) {
        const char *start = lines->at;
        const char *stop = memchr(start, '\n', (size_t)(lines->end - start));
        lines->at = stop != NULL ? stop + 1 : lines->end;
        lines->number++;
        if (stop == NULL)
            stop = lines->end;
        size_t length = (size_t)(stop - start);
        if (length > 0 && start[length - 1] == '\r')
            length--;
        if (!check_line(lines, start, length, to))
            return LINES_BAD;
        size_t blanks = 0;
        while (blanks < length && ascii_is_blank((unsigned char)start[blanks]))
            blanks++;
        if (blanks == length || start[blanks] == '#')
            continue;
        *line = options_room(lines->options, length + 1);
        if (*line == NULL) {
            refuse(to, "%s:%zu: out of memory", lines->name, lines->number);
            return LINES_BAD;
        }
        memcpy(*line, start, length);
        (*line)[length] = '\0';
        return LINES_TAKEN;
    }
    return LINES_END;
}
