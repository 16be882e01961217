/* Goes through the rules in their order: the first that speaks decides. */
#include "target/choice.h"

static void end_by(struct choice *choice, enum peer_after after, enum counters_ending ending,
                   uint8_t index) {
    choice->after = after;
    choice->ending = ending;
    choice->fault = index;
}

/* A rule that ends the connection with the nth answer, or leaves it without one. */
static void choose_end(struct choice *choice, const struct fault *fault, uint8_t index,
                       uint64_t nth) {
    if (fault->kind == FAULT_stall_after && nth > fault->count)
        choice->stall = index;
    if (nth == 1 && (fault->kind == FAULT_tls_alert || fault->kind == FAULT_tls_garbage)) {
        choice->alerts = fault->kind == FAULT_tls_alert;
        choice->garbage = !choice->alerts;
        end_by(choice, AFTER_FINISH, choice->alerts ? ENDING_tls_alert : ENDING_tls_garbage, index);
    }
    if (nth != fault->count)
        return;
    choice->cut = fault->kind == FAULT_mid_reset || fault->kind == FAULT_mid_close;
    switch (fault->kind) {
    case FAULT_reset_after: end_by(choice, AFTER_RESET, ENDING_reset_after, index); break;
    case FAULT_close_after: end_by(choice, AFTER_FINISH, ENDING_close_after, index); break;
    case FAULT_close_announced: end_by(choice, AFTER_FINISH, ENDING_close_announced, index); break;
    case FAULT_mid_reset: end_by(choice, AFTER_RESET, ENDING_mid_reset, index); break;
    case FAULT_mid_close: end_by(choice, AFTER_FINISH, ENDING_mid_close, index); break;
    default: break;
    }
}

static void choose_manner(struct choice *choice, const struct fault *fault, uint8_t index,
                          uint64_t nth, struct random *random) {
    if (fault->kind == FAULT_tls_key_update && choice->rekey == PEER_NO_FAULT &&
        nth % fault->count == 0)
        choice->rekey = index;
    if (fault->kind == FAULT_delay && choice->delay_fault == PEER_NO_FAULT) {
        choice->delay_fault = index;
        choice->delay_ms = (uint32_t)(random_between(random, (uint64_t)fault->span.low,
                                                     (uint64_t)fault->span.high) /
                                      (uint64_t)MILLISECOND);
    } else if (fault->kind == FAULT_status && choice->status_fault == PEER_NO_FAULT) {
        choice->status_fault = index;
        choice->status = (uint16_t)fault->count;
    } else if (fault->kind == FAULT_drip && choice->drip == PEER_NO_FAULT) {
        choice->drip = index;
    }
}

struct choice choice_make(const struct target_settings *settings, uint32_t faults, uint32_t answers,
                          bool keep_alive, bool aged, struct random *random) {
    struct choice choice = {.status = settings->status,
                            .stall = PEER_NO_FAULT,
                            .status_fault = PEER_NO_FAULT,
                            .delay_fault = PEER_NO_FAULT,
                            .drip = PEER_NO_FAULT,
                            .rekey = PEER_NO_FAULT,
                            .fault = PEER_NO_FAULT,
                            .ending = ENDINGS};
    uint64_t nth = (uint64_t)answers + 1;
    for (uint8_t i = 0; faults >> i != 0; i++) {
        if ((faults >> i & 1) == 0)
            continue;
        if (choice.ending == ENDINGS && choice.stall == PEER_NO_FAULT)
            choose_end(&choice, &settings->faults[i], i, nth);
        choose_manner(&choice, &settings->faults[i], i, nth, random);
    }
    if (choice.ending == ENDINGS && !keep_alive)
        end_by(&choice, AFTER_FINISH, ENDING_client_asked, PEER_NO_FAULT);
    if (choice.ending == ENDINGS && settings->keepalive_requests > 0 &&
        nth >= settings->keepalive_requests)
        end_by(&choice, AFTER_FINISH, ENDING_keepalive_requests, PEER_NO_FAULT);
    if (choice.ending == ENDINGS && aged)
        end_by(&choice, AFTER_FINISH, ENDING_max_age, PEER_NO_FAULT);
    choice.announces =
        choice.after == AFTER_FINISH &&
        (choice.fault == PEER_NO_FAULT || choice.ending == ENDING_close_announced || !keep_alive);
    return choice;
}

duration choice_idle(const struct target_settings *settings, uint32_t faults, uint32_t answers,
                     enum counters_ending *ending, uint8_t *fault) {
    duration wait = settings->keepalive_timeout;
    *ending = ENDING_keepalive_timeout;
    *fault = PEER_NO_FAULT;
    for (uint8_t i = 0; answers > 0 && faults >> i != 0; i++) {
        const struct fault *rule = &settings->faults[i];
        if ((faults >> i & 1) == 0 || rule->kind != FAULT_idle_close ||
            (wait > 0 && wait <= rule->span.low))
            continue;
        wait = rule->span.low;
        *ending = ENDING_idle_close;
        *fault = i;
    }
    return wait;
}

static bool is_at_accept(enum fault_kind kind) {
    return kind == FAULT_accept_reset || kind == FAULT_tls_stall;
}

uint8_t choice_at_accept(const struct target_settings *settings, uint64_t order) {
    for (uint8_t i = 0; i < settings->fault_count; i++)
        if (is_at_accept(settings->faults[i].kind) &&
            fault_hits(&settings->faults[i], i, settings->seed, order))
            return i;
    return PEER_NO_FAULT;
}

uint32_t choice_faults(const struct target_settings *settings, uint64_t order) {
    uint32_t faults = 0;
    for (uint8_t i = 0; i < settings->fault_count; i++)
        if (!is_at_accept(settings->faults[i].kind) &&
            fault_hits(&settings->faults[i], i, settings->seed, order))
            faults |= (uint32_t)1 << i;
    return faults;
}
