/* The only file that is compiled anew for each commit. */
#include "base/version.h"

#include "base/commit.h" /* generated */

const char holdfast_version[] = HOLDFAST_VERSION;
const char holdfast_commit[] = HOLDFAST_COMMIT;
