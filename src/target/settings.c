/* What follows from the settings of the target. */
#include "target/settings.h"

#include "wire/transport.h"

bool target_speaks_tls(const struct target_settings *settings) {
    return settings->transport != NULL && settings->transport->begin != NULL;
}
