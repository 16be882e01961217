/* Decides how to draw on a stream: colour or none, UTF-8 or ASCII. */
#include "report/format/style.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "options/options.h"

static bool wants_color(int fd) {
    const char *refused = getenv("NO_COLOR"); /* https://no-color.org: present and not empty */
    const char *term = getenv("TERM");
    if (refused != NULL && refused[0] != '\0')
        return false;
    if (term == NULL || strcmp(term, "dumb") == 0)
        return false;
    return isatty(fd) == 1;
}

/* The terminal's encoding is all that is asked of the user's locale. It is never made the program's
 * own: libraries compare names by that too (a host of /etc/hosts, by strcasecmp). */
static bool takes_utf8(void) {
    locale_t users = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (users == (locale_t)0)
        return false;
    bool utf8 = strcmp(nl_langinfo_l(CODESET, users), "UTF-8") == 0;
    freelocale(users);
    return utf8;
}

/* A person reads a terminal; what stands in a file or a pipe, a script may cut. The console's own
 * font has no narrow space. */
static bool wants_groups(int fd) {
    const char *term = getenv("TERM");
    return isatty(fd) == 1 && term != NULL && strcmp(term, "linux") != 0 && takes_utf8();
}

/* The narrowest in which rows can be read. */
enum { WIDTH_LEAST = 40 };

static int width_of(int fd) {
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 0;
    return size.ws_col > WIDTH_LEAST ? size.ws_col : WIDTH_LEAST;
}

struct style style_for(int fd, enum option_color color) {
    return (struct style){
        .color = color == COLOR_ALWAYS || (color == COLOR_AUTO && wants_color(fd)),
        .utf8 = takes_utf8(),
        .group_digits = wants_groups(fd),
        .width = width_of(fd),
    };
}

const char *style_start(struct style style, enum style_tint tint) {
    static const char *const codes[] = {
        [TINT_GOOD] = "\033[32m", [TINT_BAD] = "\033[1;31m", [TINT_WARN] = "\033[33m",
        [TINT_DIM] = "\033[2m",   [TINT_STRONG] = "\033[1m",
    };
    return style.color ? codes[tint] : "";
}

const char *style_stop(struct style style) {
    return style.color ? "\033[0m" : "";
}
