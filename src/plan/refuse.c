/* One-line refusals: what was said, shown so that a terminal can show it, and cut. */
#include "plan/refuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool refuse(struct refusal to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(to.text, to.size, format, arguments);
    va_end(arguments);
    return false;
}

struct shown shown_text(const char *text) {
    struct shown shown = {{0}};
    text_escape(shown.text, sizeof shown.text, text);
    return shown;
}

struct shown shown_bytes(const char *text, size_t length) {
    char copy[SHOWN_MAX + 1]; /* one more than is shown, so that a cut is seen as one */
    snprintf(copy, sizeof copy, "%.*s", (int)(length < SHOWN_MAX ? length : SHOWN_MAX), text);
    return shown_text(copy);
}

struct shown shown_url(const char *url) {
    const char *at = strrchr(url, '@');
    if (at == NULL)
        return shown_text(url);
    char hidden[SHOWN_MAX + 1];
    snprintf(hidden, sizeof hidden, "***%.*s", SHOWN_MAX - 3, at);
    return shown_text(hidden);
}
