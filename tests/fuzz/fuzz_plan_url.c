/* Any bytes as a URL, or as HOST:PORT: refused in one clean line, or taken apart into what reads
 * back as the same. */
#include "fuzz.h"
#include "plan/target.h"

static void try_url(const char *text) {
    static struct target target, again;
    char error[TARGET_ERROR_MAX];
    if (!target_parse(&target, text, error)) {
        require_line(error, sizeof error, "");
        return;
    }
    require(target.host[0] != '\0' && target.port != 0 && target.path[0] == '/');
    require(strchr(target.path, '#') == NULL && strpbrk(target.authority, "@/?#") == NULL);
    require_visible(target.url);
    require_visible(target.path);
    require_visible(target.authority);
    require(target_parse(&again, target.url, error));
    require(again.tls == target.tls && again.port == target.port);
    require(strcmp(again.host, target.host) == 0 && strcmp(again.path, target.path) == 0);
    require(strcmp(again.authority, target.authority) == 0 && strcmp(again.url, target.url) == 0);
}

static void try_endpoint(const char *text) {
    char host[TARGET_HOST_MAX], error[TARGET_ERROR_MAX];
    uint16_t port = 0;
    if (!target_parse_endpoint(text, host, &port, error)) {
        require_line(error, sizeof error, "");
        return;
    }
    require(host[0] != '\0' && port != 0);
    require_visible(host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    try_url(text);
    try_endpoint(text);
    free(text);
    return 0;
}
