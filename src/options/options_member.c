/* Options read back from a report: the members of its "plan". */
#include <string.h>

#include "options/options_row.h"

static const struct option_row *row_of_field(const char *field) {
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        if (strcmp(row->field, field) == 0)
            return row;
    return NULL;
}

bool options_read_member(struct options *options, const char *field, const char *value,
                         char error[static OPTIONS_ERROR_MAX]) {
    struct refuse_buffer to = {error, OPTIONS_ERROR_MAX};
    const struct option_row *row = row_of_field(field);
    if (row == NULL || !option_is_of_a_run(row))
        return true;
    if (row->kind == KIND_headers && value[0] == '@') /* a report holds what was in the file */
        return refuse(to, "%s: \"%s\" is not a header", field, refuse_quote(value).text);
    size_t size = strlen(value) + 1;
    char *kept = options_room(options, size);
    if (kept == NULL)
        return refuse(to, "%s: out of memory", field);
    memcpy(kept, value, size);
    *option_given(options, row) = true;
    options->saved = true;
    return option_read(options, row, field, kept, to);
}
