/* The shortest round trip knows best: the answer left in its middle, or not far from it. */
#include "hosts/clock_offset.h"

void clock_offset_take(struct clock_offset *clock, instant sent, instant received,
                       int64_t their_ns) {
    duration trip = instant_since(received, sent);
    if (trip < 0 || (clock->samples > 0 && trip >= clock->round_trip)) {
        clock->samples += trip >= 0;
        return;
    }
    clock->samples++;
    clock->round_trip = trip;
    clock->taken = received;
    clock->offset = their_ns - instant_after(sent, trip / 2).ns;
}

duration clock_offset_error(const struct clock_offset *clock, instant ours) {
    enum { SLEW_PPM = 500, MILLION = 1000000 };
    duration age = instant_since(ours, clock->taken);
    return clock->round_trip / 2 + (age > 0 ? age / MILLION * SLEW_PPM : 0);
}

int64_t clock_offset_theirs(const struct clock_offset *clock, instant ours) {
    return ours.ns + clock->offset;
}

instant clock_offset_ours(const struct clock_offset *clock, int64_t their_ns) {
    return (instant){their_ns - clock->offset};
}
