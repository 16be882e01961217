/* Choice: what becomes of one request, by the settings and the rules that hold for its connection.
 */
#ifndef TARGET_CHOICE_H
#define TARGET_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "target/peer.h"
#include "target/settings.h"

/* Each rule is an index into settings.faults, or PEER_NO_FAULT. */
struct choice {
    uint8_t stall; /* the rule by which it is never answered */
    uint16_t status;
    uint8_t status_fault;
    uint32_t delay_ms;
    uint8_t delay_fault;
    uint8_t drip;
    uint8_t rekey;        /* the rule by which the answer comes under a new key */
    bool alerts, garbage; /* in place of the answer */
    bool cut, announces;
    enum peer_after after;
    enum counters_ending ending; /* ENDINGS with AFTER_KEEP */
    uint8_t fault;               /* the rule that makes the ending */
};

/* Pure but for the draw of a delay. faults: the rules that hold, a bit each; answers: that the
 * connection had; keep_alive: the client may go on; aged: the connection has reached its age. */
struct choice choice_make(const struct target_settings *settings, uint32_t faults, uint32_t answers,
                          bool keep_alive, bool aged, struct random *random);

/* The shortest wait for the next request that some rule or the settings allow: 0 for no limit. The
 * ending it makes, and the rule (or PEER_NO_FAULT), are written. */
duration choice_idle(const struct target_settings *settings, uint32_t faults, uint32_t answers,
                     enum counters_ending *ending, uint8_t *fault);

/* Of the rules of accept-reset and tls-stall, the first that holds for the connection accepted in
 * this order; or PEER_NO_FAULT. */
uint8_t choice_at_accept(const struct target_settings *settings, uint64_t order);

/* All other rules that hold for the connection that first asked in this order. */
uint32_t choice_faults(const struct target_settings *settings, uint64_t order);

#endif
