/* -k auto: the idle timeout is asked of the server before the plan is made for good. */
#ifndef COMMAND_KEEPALIVE_AUTO_H
#define COMMAND_KEEPALIVE_AUTO_H

#include <stdbool.h>

#include "base/host_facts.h"
#include "command/soak.h"

/* Nothing unless it was asked for: then options and plan have the timeout that a probe told, or the
 * default where it told none, and the judgement a finding that says so. An interrupt ends what
 * follows too: soak->setup.interrupted. False, with a message: there is no plan. */
bool keepalive_auto(struct soak *soak, const struct host *host);

#endif
