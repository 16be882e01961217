/* A path is compared with each row, segment by segment. */
#include "serve/endpoint.h"

#include <stddef.h>
#include <string.h>

const struct endpoint endpoints[ENDPOINTS] = {
#define ENDPOINT(name_, path_, methods_, open_)                                                    \
    {.name = ENDPOINT_##name_, .path = path_, .methods = methods_, .open = open_},
#include "serve/endpoints.def"
#undef ENDPOINT
};

static bool matches(const char *pattern, const char *path, struct run_id *id) {
    const char *star = strchr(pattern, '*');
    if (star == NULL)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(star - pattern);
    if (strncmp(pattern, path, before) != 0 || run_id_length(path + before) != RUN_ID_LENGTH ||
        strcmp(star + 1, path + before + RUN_ID_LENGTH) != 0)
        return false;
    memcpy(id->text, path + before, RUN_ID_LENGTH);
    id->text[RUN_ID_LENGTH] = '\0';
    return true;
}

const struct endpoint *endpoint_find(const char *path, struct run_id *id) {
    id->text[0] = '\0';
    for (size_t i = 0; i < ENDPOINTS; i++)
        if (matches(endpoints[i].path, path, id))
            return &endpoints[i];
    return NULL;
}

unsigned endpoint_method_of(const char *method) {
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return ENDPOINT_GET;
    return strcmp(method, "POST") == 0 ? ENDPOINT_POST : 0;
}

const char *endpoint_allow(unsigned methods) {
    static const char *const texts[] = {"", "GET, HEAD", "POST", "GET, HEAD, POST"};
    return texts[methods & (ENDPOINT_GET | ENDPOINT_POST)];
}
