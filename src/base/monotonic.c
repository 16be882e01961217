/* clock_gettime(2). */
#include "base/monotonic.h"

#include <time.h>

instant monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (instant){(int64_t)now.tv_sec * SECOND + now.tv_nsec};
}
