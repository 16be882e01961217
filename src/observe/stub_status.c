/* nginx's stub_status page, read byte for byte as nginx writes it. */
#include "observe/stub_status.h"

#include <string.h>

struct status_cursor {
    const char *at, *end;
};

static bool take_text(struct status_cursor *cursor, const char *text) {
    size_t length = strlen(text);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, text, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

static bool take_number(struct status_cursor *cursor, uint64_t *out) {
    uint64_t value = 0;
    const char *first = cursor->at;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*cursor->at - '0'), &value))
            return false;
    }
    *out = value;
    return cursor->at > first;
}

static bool only_white(const struct status_cursor *cursor) {
    for (const char *at = cursor->at; at < cursor->end; at++) {
        if (*at != ' ' && *at != '\t' && *at != '\r' && *at != '\n')
            return false;
    }
    return true;
}

bool stub_status_parse(struct stub_status *out, const char *text, size_t length) {
    struct stub_status page;
    const struct {
        const char *before;
        uint64_t *number;
    } pieces[] = {
        {"Active connections: ", &page.active},
        {" \nserver accepts handled requests\n ", &page.accepted},
        {" ", &page.handled},
        {" ", &page.requests},
        {" \nReading: ", &page.reading},
        {" Writing: ", &page.writing},
        {" Waiting: ", &page.waiting},
    };
    struct status_cursor cursor = {text, text + length};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        if (!take_text(&cursor, pieces[i].before) || !take_number(&cursor, pieces[i].number))
            return false;
    }
    if (!only_white(&cursor))
        return false;
    *out = page;
    return true;
}
