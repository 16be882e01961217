/* The verdict of a preflight: what its findings come to. */
#include <string.h>

#include "judge/judge.h"

/* The contract's exit codes. */
enum {
    EXIT_HELD = 0,
    EXIT_BROKE = 1,
    EXIT_USAGE = 2,
    EXIT_UNFIT = 3,
    EXIT_INCONCLUSIVE = 4,
    EXIT_NO_TARGET = 5
};

/* What a finding that FAILs makes the exit code, by itself. All that is found of this machine, and
 * nothing else, has side tester. */
static int exit_of(const struct finding *finding) {
    if (finding->status != FINDING_FAIL)
        return EXIT_HELD;
    if (finding->side == SIDE_TESTER)
        return EXIT_UNFIT;
    if (strncmp(finding->code, "server_", 7) == 0)
        return EXIT_USAGE;
    return strcmp(finding->code, "keep_alive") == 0 ? EXIT_BROKE : EXIT_NO_TARGET;
}

/* The findings that ask for this exit code become its reasons; false when there is none. */
static bool decide(struct judgement *judgement, int exit_code, enum verdict verdict) {
    for (size_t i = 0; i < judgement->findings.count; i++) {
        const struct finding *finding = &judgement->findings.items[i];
        if (exit_of(finding) == exit_code)
            judgement_reason(judgement, "%s: %s", finding->code, finding->text);
    }
    if (judgement->reason_count == 0)
        return false;
    judgement->verdict = verdict;
    judgement->exit_code = exit_code;
    return true;
}

void judge_preflight(struct judgement *judgement, const struct plan *plan,
                     const struct preflight_facts *facts) {
    (void)plan;
    judgement->reason_count = 0;
    /* A status page that is none, a log or a process that is not there, is a mistake in what was
     * asked: it has an exit code and no verdict of its own, and says nothing about the server's
     * connections. */
    if (decide(judgement, EXIT_USAGE, VERDICT_INCONCLUSIVE) ||
        decide(judgement, EXIT_UNFIT, VERDICT_UNFIT))
        return;
    if (facts->interrupted) { /* never "no target": nobody waited for it */
        judgement_reason(judgement, "interrupted during the preflight; no load was sent");
        judgement->verdict = VERDICT_INCONCLUSIVE;
        judgement->exit_code = EXIT_INCONCLUSIVE;
        return;
    }
    if (decide(judgement, EXIT_NO_TARGET, VERDICT_NO_TARGET))
        return;
    if (decide(judgement, EXIT_BROKE, VERDICT_BROKE)) /* in `run` it is only a warning */
        return;
    judgement->verdict = VERDICT_HELD;
    judgement->exit_code = EXIT_HELD;
}

bool judge_may_run(const struct judgement *judgement, const struct preflight_facts *facts) {
    return !facts->interrupted && !findings_any(&judgement->findings, FINDING_FAIL);
}
