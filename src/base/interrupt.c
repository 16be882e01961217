/* Interrupts: a second one is known by its number and its time. */
#include "base/interrupt.h"
#include "base/monotonic.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static const duration SAME_WITHIN = 500 * MILLISECOND;

static struct interrupt latest;

bool interrupt_is_same(struct interrupt *last, int number, instant now) {
    bool related = last->number == number || last->number == SIGHUP || number == SIGHUP;
    if (last->number != 0 && related && instant_since(now, last->at) < SAME_WITHIN)
        return true;
    *last = (struct interrupt){.number = number, .at = now};
    return false;
}

bool interrupt_is_repeated(int number) {
    return interrupt_is_same(&latest, number, monotonic_now());
}

static void take(int number) {
    const struct timespec at_once = {0};
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    (void)sigtimedwait(&one, NULL, &at_once);
}

/* The same one again is taken now: later its time would not be known. Another stays for whoever
 * reads signals. */
bool interrupt_is_pending(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t pending;
    if (sigpending(&pending) != 0)
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct interrupt last = latest;
        if (sigismember(&pending, numbers[i]) != 1)
            continue;
        if (!interrupt_is_same(&last, numbers[i], monotonic_now()))
            return true;
        take(numbers[i]);
    }
    return false;
}
