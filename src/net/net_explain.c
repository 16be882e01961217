/* Why io_uring could not be had. */
#include "net/net.h"
