/* The Keep-Alive header: "timeout=5, max=100", read byte by byte and never trusted. */
#ifndef WIRE_HTTP_KEEP_ALIVE_H
#define WIRE_HTTP_KEEP_ALIVE_H

#include <stdint.h>

#include "wire/http/token.h"

/* A reader of values. The first usable timeout and max count, over several values too; a number
 * that is too large is INT32_MAX; a parameter whose value is no number does not count. */
struct keep_alive {
    int32_t timeout_s; /* -1: none */
    int32_t max;       /* -1: none */
    int32_t number;    /* the fields from here on are its own business */
    struct token name;
    uint8_t parameter;
    uint8_t at;
};

void keep_alive_begin(struct keep_alive *keep_alive);
void keep_alive_byte(struct keep_alive *keep_alive, unsigned char byte);
void keep_alive_value_end(struct keep_alive *keep_alive);

#endif
