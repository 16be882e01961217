/* One-line refusals: what was typed, escaped for a terminal, and cut. */
#include "base/refuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool refuse(struct refuse_buffer to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(to.text, to.size, format, arguments);
    va_end(arguments);
    return false;
}

struct refuse_quoted refuse_quote(const char *text) {
    struct refuse_quoted shown = {{0}};
    text_escape(shown.text, sizeof shown.text, text);
    return shown;
}

struct refuse_quoted refuse_quote_bytes(const char *text, size_t length) {
    char copy[REFUSE_QUOTE_MAX + 1]; /* one more than is shown, so that a cut is seen as one */
    snprintf(copy, sizeof copy, "%.*s",
             (int)(length < REFUSE_QUOTE_MAX ? length : REFUSE_QUOTE_MAX), text);
    return refuse_quote(copy);
}

struct refuse_quoted refuse_word(const char *text) {
    char first[REFUSE_QUOTE_MAX + 1];
    size_t word = strspn(text, " \t");
    word += strcspn(text + word, " \t:=");
    if (text[word + strspn(text + word, " \t")] == '\0')
        return refuse_quote(text);
    snprintf(first, sizeof first, "%.*s ...",
             (int)(word < REFUSE_QUOTE_MAX ? word : REFUSE_QUOTE_MAX), text);
    return refuse_quote(first);
}
