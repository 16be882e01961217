/* close(2). */
#include "base/descriptor.h"

#include <unistd.h>

void descriptor_close(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
