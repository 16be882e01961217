/* A transport that hides nothing: a record is its length and its bytes, changed by a key that goes
 * on with each record. No file of src/ knows of it. */
#ifndef TOY_XOR_TRANSPORT_H
#define TOY_XOR_TRANSPORT_H

#include "wire/transport.h"

enum { XOR_RECORD_MAX = 100 }; /* plain bytes of a record; a length of none or of more is broken */

extern const struct transport xor_transport;

#endif
