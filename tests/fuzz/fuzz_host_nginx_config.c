/* Whatever stands in an nginx configuration: reading ends, keeps its bounds, and a text read in two
 * contexts never gives both contexts' numbers. */
#include "fuzz.h"
#include "host/nginx_config.h"

static void check(const struct nginx_config *config) {
    const int64_t numbers[] = {config->worker_connections, config->worker_processes,
                               config->worker_rlimit_nofile};
    for (size_t i = 0; i < 3; i++)
        require(numbers[i] >= -1 && numbers[i] < 1000000000);
    require(config->include_count <= NGINX_INCLUDES_MAX);
    for (size_t i = 0; i < config->include_count; i++)
        require(memchr(config->includes[i].pattern, '\0', NGINX_PATH_MAX) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct nginx_config config, events;
    nginx_config_init(&config);
    nginx_config_take(&config, NGINX_MAIN, (const char *)data, size);
    check(&config);
    require(config.worker_connections < 0 || config.has_events);
    nginx_config_init(&events);
    nginx_config_take(&events, NGINX_EVENTS, (const char *)data, size);
    check(&events);
    require(events.worker_processes < 0 && events.worker_rlimit_nofile < 0);
    return 0;
}
