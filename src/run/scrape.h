/* --metrics: the endpoint that Prometheus scrapes while a run goes on.
 *
 * An optional part: scrape_microhttpd.c where libmicrohttpd is found, else scrape_absent.c. Its
 * thread lives in the parent, from after the crew was forked until before the run is over, and
 * reads nothing but the latest text. */
#ifndef RUN_SCRAPE_H
#define RUN_SCRAPE_H

#include <stdbool.h>

#include "base/refuse.h"
#include "report/export/prometheus.h"

struct scrape;

/* "libmicrohttpd 0.9.75 (--metrics, serve)", as --version prints it; NULL: built without. */
const char *scrape_part(void);

/* Listens on ADDR:PORT; port 0: a free one. NULL, with a message, when that cannot be. */
struct scrape *scrape_open(const char *endpoint, struct refuse_buffer to);
/* "http://127.0.0.1:9180/metrics". */
const char *scrape_url(const struct scrape *scrape);

/* Starts to answer, once the crew is forked: 0 or -errno. */
int scrape_start(struct scrape *scrape);
/* Replaces the text that scrapes are answered with. */
void scrape_publish(struct scrape *scrape, const struct prometheus_scrape *from);
/* Stops to answer, closes and frees; NULL is nothing. */
void scrape_close(struct scrape *scrape);

#endif
