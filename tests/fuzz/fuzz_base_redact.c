/* Any text as a URL, a line with URLs or a command: what is hidden stays hidden when it is hidden
 * again, no byte of a query's value or a fragment is left, and nothing is written past the buffer.
 */
#include "base/redact.h"
#include "fuzz.h"

typedef char *hiding(char *buffer, size_t size, const char *text);

/* Into exact blocks, so that a sanitizer sees a byte too far. */
static char *hide(hiding *with, size_t size, const char *text) {
    char *buffer = malloc(size);
    require(buffer != NULL && with(buffer, size, text) == buffer);
    require(strnlen(buffer, size) < size);
    return buffer;
}

static void check(hiding *with, const char *text) {
    size_t room = 4 * strlen(text) + 8; /* each part may become "***" */
    char *once = hide(with, room, text);
    char *twice = hide(with, room, once);
    require(strcmp(once, twice) == 0);
    for (size_t size = 1; size <= 24; size++)
        free(hide(with, size, text));
    free(once);
    free(twice);
}

/* Behind each '=' of the query, and behind '#', nothing but the mark. */
static void check_url(const char *text) {
    char *shown = hide(redact_url, 4 * strlen(text) + 8, text);
    char *fragment = strchr(shown, '#');
    if (fragment != NULL) {
        require(strcmp(fragment, "#") == 0 || strcmp(fragment, "#***") == 0);
        *fragment = '\0';
    }
    char *query = strchr(shown, '?');
    for (char *at = query; at != NULL && (at = strchr(at, '=')) != NULL; at++) {
        size_t length = strcspn(at + 1, "&;");
        require(length == 0 || (length == 3 && memcmp(at + 1, "***", 3) == 0));
    }
    free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    check_url(text);
    check(redact_url, text);
    check(redact_urls, text);
    check(redact_command, text);
    free(text);
    return 0;
}
