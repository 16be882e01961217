/* The option table as rows: names, and which name a mistyped one resembles. */
#include "plan/options_row.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

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

/* A search goes up to a ceiling that is only there to end it. */
const char *option_initial(const struct option_row *row, enum command command) {
    return row->id == ROW_connections && command == COMMAND_CAPACITY ? "1M" : row->initial;
}

bool option_is_list(const struct option_row *row) {
    return row->kind == KIND_headers || row->kind == KIND_rules || row->kind == KIND_list;
}

const struct option_row *option_guess(const char *name) {
    const struct option_row *best = NULL;
    size_t length = strlen(name), best_distance = 3;
    if (length < 3 || length > OPTION_NAME_MAX + 2)
        return NULL;
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
        struct option_name whole = option_name(row);
        size_t away = strncmp(whole.text, name, length) == 0 ? 1 : text_distance(name, whole.text);
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
