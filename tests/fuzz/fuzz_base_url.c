/* Any bytes as a URL, or as HOST:PORT: refused in one clean line, or taken apart into what reads
 * back as the same. */
#include "base/url.h"
#include "fuzz.h"

static void try_url(const char *text) {
    static struct url target, again;
    char error[URL_ERROR_MAX];
    if (!url_parse(&target, text, error)) {
        require_line(error, sizeof error, "");
        return;
    }
    require(target.host[0] != '\0' && target.port != 0 && target.path[0] == '/');
    require(strchr(target.path, '#') == NULL && strpbrk(target.authority, "@/?#") == NULL);
    require_visible(target.url);
    require_visible(target.path);
    require_visible(target.authority);
    require(url_parse(&again, target.url, error));
    require(again.tls == target.tls && again.port == target.port);
    size_t shown = strcspn(target.path, "?"); /* values of the query are hidden */
    require(strcmp(again.host, target.host) == 0);
    require(strcspn(again.path, "?") == shown && memcmp(again.path, target.path, shown) == 0);
    require(strcmp(again.authority, target.authority) == 0 && strcmp(again.url, target.url) == 0);
}

static void try_endpoint(const char *text) {
    char host[URL_HOST_MAX], error[URL_ERROR_MAX];
    uint16_t port = 0;
    if (!url_parse_endpoint(text, host, &port, error)) {
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
