/* The server's own counts, compared with the client's; pure. */
#ifndef JUDGE_DIAGNOSE_SERVER_SIDE_H
#define JUDGE_DIAGNOSE_SERVER_SIDE_H

#include "judge/diagnose/diagnosed_run.h"
#include "judge/finding.h"

/* Adds a finding for each figure of the server's that differs from the client's, and what that may
 * come from. */
void judge_server_side(struct findings *findings, const struct diagnosed_run *run);

#endif
