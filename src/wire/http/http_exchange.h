/* HTTP/1 as an exchange. */
#ifndef WIRE_HTTP_HTTP_EXCHANGE_H
#define WIRE_HTTP_HTTP_EXCHANGE_H

#include "wire/exchange.h"

extern const struct exchange http_exchange;

#endif
