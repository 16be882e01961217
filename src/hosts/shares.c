/* Shares by filling all hosts at the same level. */
#include "hosts/shares.h"

static bool is_full(const uint32_t *shares, const int64_t *rooms, size_t i) {
    return rooms[i] >= 0 && (int64_t)shares[i] >= rooms[i];
}

static size_t count_open(const uint32_t *shares, const int64_t *rooms, size_t count) {
    size_t open = 0;
    for (size_t i = 0; i < count; i++)
        open += !is_full(shares, rooms, i);
    return open;
}

/* One more level for all that have room: as high as the rest lets it be, and the least room. */
static uint64_t level_of(const uint32_t *shares, const int64_t *rooms, size_t count,
                         uint64_t left) {
    uint64_t level = left / count_open(shares, rooms, count);
    for (size_t i = 0; i < count; i++)
        if (!is_full(shares, rooms, i) && rooms[i] >= 0 && (uint64_t)rooms[i] - shares[i] < level)
            level = (uint64_t)rooms[i] - shares[i];
    return level;
}

bool shares_make(uint32_t *shares, const int64_t *rooms, size_t count, uint64_t connections) {
    uint64_t left = connections;
    for (size_t i = 0; i < count; i++) {
        shares[i] = 0;
        if (rooms[i] == 0)
            return false;
    }
    while (left > 0 && count_open(shares, rooms, count) > 0) {
        uint64_t level = level_of(shares, rooms, count, left);
        for (size_t i = 0; i < count && left > 0; i++) {
            if (is_full(shares, rooms, i))
                continue;
            uint64_t more = level > 0 ? level : 1;
            shares[i] += (uint32_t)more;
            left -= more;
        }
    }
    return left == 0 && connections >= count;
}
