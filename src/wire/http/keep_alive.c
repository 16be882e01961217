/* Reads a Keep-Alive value as a list of parameters, and skips whatever it does not understand. */
#include "wire/http/keep_alive.h"

#include <stdbool.h>

#include "base/ascii.h"

enum { TIMEOUT, MAX, OTHER };
static const char *const parameters[] = {"timeout", "max"};

enum keep_alive_at {
    AT_NAME,
    AT_NAME_END, /* white space behind a name */
    AT_VALUE,
    AT_DIGITS,
    AT_VALUE_END, /* behind the digits */
    AT_SKIP,      /* up to the next separator */
    AT_SKIP_QUOTED,
    AT_SKIP_ESCAPED,
};

static void parameter_begin(struct keep_alive *keep_alive) {
    keep_alive->at = AT_NAME;
    keep_alive->number = 0;
    keep_alive->name = (struct token){0};
}

void keep_alive_begin(struct keep_alive *keep_alive) {
    *keep_alive = (struct keep_alive){.timeout_s = -1, .max = -1};
    parameter_begin(keep_alive);
}

static void skip(struct keep_alive *keep_alive, unsigned char byte) {
    keep_alive->at = byte == '"' ? AT_SKIP_QUOTED : AT_SKIP;
}

static void digit(struct keep_alive *keep_alive, unsigned char byte) {
    int32_t value = byte - '0';
    bool overflows = keep_alive->number > (INT32_MAX - value) / 10;
    keep_alive->number = overflows ? INT32_MAX : keep_alive->number * 10 + value;
    keep_alive->at = AT_DIGITS;
}

static void on_name(struct keep_alive *keep_alive, unsigned char byte) {
    if (ascii_is_blank(byte) && keep_alive->name.matched == 0)
        return;
    if (ascii_is_token_char(byte)) {
        token_byte(&keep_alive->name, parameters, OTHER, byte);
        return;
    }
    keep_alive->parameter = (uint8_t)token_found(&keep_alive->name, parameters, OTHER);
    if (keep_alive->parameter == OTHER)
        skip(keep_alive, byte);
    else if (byte == '=')
        keep_alive->at = AT_VALUE;
    else if (ascii_is_blank(byte))
        keep_alive->at = AT_NAME_END;
    else
        skip(keep_alive, byte);
}

static void on_name_end(struct keep_alive *keep_alive, unsigned char byte) {
    if (byte == '=')
        keep_alive->at = AT_VALUE;
    else if (!ascii_is_blank(byte))
        skip(keep_alive, byte);
}

static void on_value(struct keep_alive *keep_alive, unsigned char byte) {
    if (ascii_is_digit(byte))
        digit(keep_alive, byte);
    else if (byte != '"' && !ascii_is_blank(byte))
        skip(keep_alive, byte);
}

static void on_digits(struct keep_alive *keep_alive, unsigned char byte) {
    if (ascii_is_digit(byte) && keep_alive->at == AT_DIGITS)
        digit(keep_alive, byte);
    else if (byte == '"' || ascii_is_blank(byte))
        keep_alive->at = AT_VALUE_END;
    else
        skip(keep_alive, byte);
}

static void on_skipped(struct keep_alive *keep_alive, unsigned char byte) {
    if (keep_alive->at == AT_SKIP_ESCAPED)
        keep_alive->at = AT_SKIP_QUOTED;
    else if (keep_alive->at == AT_SKIP)
        skip(keep_alive, byte);
    else if (byte == '"')
        keep_alive->at = AT_SKIP;
    else if (byte == '\\')
        keep_alive->at = AT_SKIP_ESCAPED;
}

static void store(struct keep_alive *keep_alive) {
    if (keep_alive->at != AT_DIGITS && keep_alive->at != AT_VALUE_END)
        return;
    int32_t *to = keep_alive->parameter == TIMEOUT ? &keep_alive->timeout_s : &keep_alive->max;
    if (*to < 0)
        *to = keep_alive->number;
}

void keep_alive_value_end(struct keep_alive *keep_alive) {
    store(keep_alive);
    parameter_begin(keep_alive);
}

void keep_alive_byte(struct keep_alive *keep_alive, unsigned char byte) {
    bool quoted = keep_alive->at == AT_SKIP_QUOTED || keep_alive->at == AT_SKIP_ESCAPED;
    if (!quoted && (byte == ',' || byte == ';')) {
        keep_alive_value_end(keep_alive);
        return;
    }
    switch ((enum keep_alive_at)keep_alive->at) {
    case AT_NAME: on_name(keep_alive, byte); break;
    case AT_NAME_END: on_name_end(keep_alive, byte); break;
    case AT_VALUE: on_value(keep_alive, byte); break;
    case AT_DIGITS:
    case AT_VALUE_END: on_digits(keep_alive, byte); break;
    case AT_SKIP:
    case AT_SKIP_QUOTED:
    case AT_SKIP_ESCAPED: on_skipped(keep_alive, byte); break;
    }
}
