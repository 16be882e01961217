/* --metrics in a program that was built without libmicrohttpd: a refusal. */
#include "run/scrape.h"

#include <stddef.h>
#include <stdio.h>

const char *scrape_part(void) {
    return NULL;
}

struct scrape *scrape_open(const char *endpoint, struct refuse_buffer to) {
    (void)endpoint;
    snprintf(
        to.text, to.size,
        "--metrics: built without libmicrohttpd: a holdfast whose --version lists it is needed");
    return NULL;
}

const char *scrape_url(const struct scrape *scrape) {
    (void)scrape;
    return "";
}

int scrape_start(struct scrape *scrape) {
    (void)scrape;
    return 0;
}

void scrape_publish(struct scrape *scrape, const struct prometheus_scrape *from) {
    (void)scrape;
    (void)from;
}

void scrape_close(struct scrape *scrape) {
    (void)scrape;
}
