/* Where an nginx looks for its configuration when no option names it: as its own binary was built.
 */
#ifndef HOST_NGINX_BUILD_H
#define HOST_NGINX_BUILD_H

#include <stdbool.h>

enum { NGINX_BUILD_PATH_MAX = 256 };

struct nginx_build {
    char prefix[NGINX_BUILD_PATH_MAX];    /* --prefix; "": built without one ("!") */
    char conf_path[NGINX_BUILD_PATH_MAX]; /* --conf-path; without "/" before it below the prefix */
};

/* Reads what `nginx -V` would print of the binary that the process runs, without running it. root
 * stands before /proc. false: it cannot be read, or is not an nginx; *out is unset then. */
bool nginx_build_read(struct nginx_build *out, const char *root, int pid);

/* The same of the text behind "configure arguments:", up to its line's end. */
bool nginx_build_parse(struct nginx_build *out, const char *text);

#endif
