/* Decides how to draw on a stream: colour or none, UTF-8 or ASCII. */
#include "report/style.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool wants_color(int fd) {
    const char *refused = getenv("NO_COLOR"); /* https://no-color.org: present and not empty */
    const char *term = getenv("TERM");
    if (refused != NULL && refused[0] != '\0')
        return false;
    if (term == NULL || strcmp(term, "dumb") == 0)
        return false;
    return isatty(fd) == 1;
}

struct style style_for(int fd, enum color color) {
    return (struct style){
        .color = color == COLOR_ALWAYS || (color == COLOR_AUTO && wants_color(fd)),
        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
}

const char *style_start(struct style style, enum tint tint) {
    static const char *const codes[] = {
        [TINT_GOOD] = "\033[32m", [TINT_BAD] = "\033[1;31m", [TINT_WARN] = "\033[33m",
        [TINT_DIM] = "\033[2m",   [TINT_STRONG] = "\033[1m",
    };
    return style.color ? codes[tint] : "";
}

const char *style_stop(struct style style) {
    return style.color ? "\033[0m" : "";
}
