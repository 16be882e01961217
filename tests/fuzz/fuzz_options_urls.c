/* Any bytes as a file of --urls: refused in one clean line, or lines that can be asked for. */
#include "base/url.h"
#include "fuzz.h"
#include "options/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct options options = {.method = "HEAD"};
    char error[OPTIONS_ERROR_MAX] = "";
    if (options_read_urls(&options, "urls", (const char *)data, size, error)) {
        require(options.listed.count >= 1 && options.listed.count <= URLS_MAX);
        for (uint32_t i = 0; i < options.listed.count; i++) {
            const struct option_url_line *line = &options.listed.items[i];
            require(line->weight >= 1 && line->weight <= URL_WEIGHT_MAX);
            require(line->path[0] == '/' && strlen(line->path) < URL_PATH_MAX);
            require_visible(line->path);
            if (line->method != NULL) {
                require(line->method[0] != '\0');
                require_visible(line->method);
            }
        }
    } else {
        require_line(error, sizeof error, "urls:");
    }
    options_free(&options);
    return 0;
}
