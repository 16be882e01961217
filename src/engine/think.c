/* Exponential think times: by the inverse of the distribution. */
#include "engine/think.h"

#include <math.h>

uint64_t think_exponential(uint64_t draw, duration mean) {
    double uniform = ((double)(draw >> 11) + 1) * 0x1p-53; /* in (0, 1] */
    double means = -log(uniform);
    if (means > EXPONENTIAL_CUT)
        means = EXPONENTIAL_CUT;
    return (uint64_t)llround(means * (double)mean / (double)MILLISECOND);
}
