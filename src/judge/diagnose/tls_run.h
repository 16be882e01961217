/* What TLS showed of the server during a run; pure. */
#ifndef JUDGE_DIAGNOSE_TLS_RUN_H
#define JUDGE_DIAGNOSE_TLS_RUN_H

#include "judge/diagnose/diagnosed_run.h"
#include "judge/finding.h"

/* Adds a finding where the certificate changed, where the server would not resume, and where it
 * closed without close_notify. */
void judge_tls_run(struct findings *findings, const struct diagnosed_run *run);

#endif
