/* The option table as rows: names, and which name a mistyped one resembles. */
#include "plan/options_row.h"

#include <stddef.h>
#include <string.h>

const struct option_row option_rows[OPTION_ROWS] = {
#define OPTION(field_, letter_, kind_, initial_, low_, high_, commands_, argument_, help_)         \
    {.id = ROW_##field_,                                                                           \
     .field = #field_,                                                                             \
     .letter = letter_,                                                                            \
     .kind = KIND_##kind_,                                                                         \
     .initial = initial_,                                                                          \
     .low = low_,                                                                                  \
     .high = high_,                                                                                \
     .commands = commands_,                                                                        \
     .argument = argument_,                                                                        \
     .help = help_,                                                                                \
     .offset = offsetof(struct options, field_),                                                   \
     .given_offset = offsetof(struct options, given.field_)},
#include "plan/options.def"
#undef OPTION
};

#define OPTION(field, letter, kind, initial, low, high, commands, argument, help)                  \
    _Static_assert(sizeof #field <= OPTION_NAME_MAX, "room for the name of " #field);
#include "plan/options.def"
#undef OPTION

struct option_name option_name(const struct option_row *row) {
    struct option_name name = {{0}};
    for (size_t i = 0; row->field[i] != '\0'; i++)
        name.text[i] = row->field[i] == '_' ? '-' : row->field[i];
    return name;
}

const struct option_row *option_find(const char *name) {
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        if (strcmp(option_name(row).text, name) == 0)
            return row;
    return NULL;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Levenshtein's distance: how many letters to insert, drop or change. */
static size_t distance(const char *from, const char *to) {
    size_t row[OPTION_NAME_MAX + 1]; /* of the table, for the letters of `from` so far */
    size_t width = strlen(to);
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; from[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t change = diagonal + (from[i - 1] != to[j - 1]);
            diagonal = row[j];
            row[j] = least(change, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[width];
}

const struct option_row *option_guess(const char *name) {
    const struct option_row *best = NULL;
    size_t length = strlen(name), best_distance = 3;
    if (length < 3 || length > OPTION_NAME_MAX + 2)
        return NULL;
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
        struct option_name whole = option_name(row);
        size_t away = strncmp(whole.text, name, length) == 0 ? 1 : distance(name, whole.text);
        if (away < best_distance && away < length / 2 + 1) {
            best = row;
            best_distance = away;
        }
    }
    return best;
}

bool *option_given(struct options *options, const struct option_row *row) {
    return (bool *)((char *)options + row->given_offset);
}

bool option_is_given(const struct options *options, const struct option_row *row) {
    return *(const bool *)((const char *)options + row->given_offset);
}
