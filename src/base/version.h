/* Which holdfast this is. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

/* "0.1.0", as HOLDFAST_VERSION is for string literals; and the commit it was built from, with
 * "-dirty" when the tree had changes, "unknown" outside a git checkout. */
extern const char version_string[];
extern const char version_commit[];

#endif
