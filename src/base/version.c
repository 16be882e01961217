/* The only file that is compiled anew for each commit. */
#include "base/version.h"

#include "holdfast_commit.h"

const char holdfast_version[] = HOLDFAST_VERSION;
const char holdfast_commit[] = HOLDFAST_COMMIT;
