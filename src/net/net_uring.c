/* The door over io_uring. */
#include "net/net.h"
