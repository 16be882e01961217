/* Which server the target is known to be: only then are its own directives named. */
#ifndef JUDGE_SERVER_KIND_H
#define JUDGE_SERVER_KIND_H

#include "stats/record.h"

enum server_kind { SERVER_UNKNOWN, SERVER_NGINX, SERVER_APACHE, SERVER_NODE };

/* By its Server header, where nothing contradicts it: a proxy passes the header of the server
 * behind it through, and ends connections by limits of its own. A Via header tells of a proxy (RFC
 * 9110 7.6.3), and so does the name of the process that listens there. */
enum server_kind server_kind_of(const struct record_target *target);

/* "nginx", ...; "the server". */
const char *server_kind_name(enum server_kind kind);

#endif
