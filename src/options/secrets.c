/* What of a plan may be a secret, and how it is shown: "***" stands for it. */
#include "options/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/redact.h"

/* --- a header --- */

/* The last word of a name: words are parted by '-', of some servers by '_'. */
static bool ends_in_secret(const char *name, size_t length) {
    static const char *const words[] = {"token", "key", "secret"};
    size_t first = length;
    while (first > 0 && name[first - 1] != '-' && name[first - 1] != '_')
        first--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (ascii_equal_bytes(name + first, length - first, words[i]))
            return true;
    return false;
}

static bool is_secret(const struct options *options, const char *name, size_t length) {
    static const char *const names[] = {"Authorization", "Proxy-Authorization", "Cookie",
                                        "Set-Cookie"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ascii_equal_bytes(name, length, names[i]))
            return true;
    for (size_t i = 0; i < options->hide.count; i++)
        if (ascii_equal_bytes(name, length, options->hide.items[i]))
            return true;
    return ends_in_secret(name, length);
}

static void hide_header(char *buffer, size_t size, const struct options *options,
                        const char *header) {
    size_t name = strcspn(header, ":");
    bool empty = header[name] == '\0' || header[name + 1] == '\0';
    if (empty || !is_secret(options, header, name)) {
        redact_urls(buffer, size, header);
        return;
    }
    snprintf(buffer, size, "%.*s: " REDACTED, (int)name, header);
}

/* --- options --- */

char *secrets_shown(const struct options *options, enum option_id id, const char *value) {
    size_t length = strlen(value), size = 2 * length + sizeof " ***";
    char *shown = malloc(size);
    if (shown == NULL)
        return NULL;
    size_t time = id == ROW_exec_at ? strcspn(value, "=") : length;
    if (id == ROW_header)
        hide_header(shown, size, options, value);
    else if (id == ROW_server_status)
        redact_url(shown, size, value);
    else if (id == ROW_remote)
        redact_command(shown, size, value);
    else
        memcpy(shown, value, length + 1);
    if (time < length)
        redact_command(shown + time + 1, size - time - 1, value + time + 1);
    return shown;
}

static bool hides(const struct options *options, enum option_id id, const char *value) {
    char *shown = value != NULL ? secrets_shown(options, id, value) : NULL;
    bool any = shown != NULL && strstr(shown, REDACTED) != NULL;
    free(shown);
    return any;
}

bool secrets_any(const struct options *options, const char *shown_url) {
    bool any = strstr(shown_url, REDACTED) != NULL ||
               hides(options, ROW_server_status, options->server_status) ||
               hides(options, ROW_remote, options->remote);
    for (size_t i = 0; i < options->header.count && !any; i++)
        any = hides(options, ROW_header, options->header.items[i]);
    for (size_t i = 0; i < options->exec_at.count && !any; i++)
        any = hides(options, ROW_exec_at, options->exec_at.items[i]);
    return any;
}
