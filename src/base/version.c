/* The only file that is compiled anew for each commit. */
#include "base/version.h"

#include "base/commit.h" /* generated */

const char version_string[] = HOLDFAST_VERSION;
const char version_commit[] = HOLDFAST_COMMIT;
