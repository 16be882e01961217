/* The verdict of a preflight: what its findings come to. */
#include <stdio.h>
#include <string.h>

#include "base/exit_code.h"
#include "judge/fit/preflight_facts.h"
#include "judge/verdict/verdict.h"

/* The exit code that a finding which FAILs makes, by itself. All that is found of this machine, and
 * nothing else, has side tester. */
static int exit_of(const struct finding *finding) {
    static const int exits[] = {
        [FINDING_FAILURE_NONE] = EXIT_HELD,           [FINDING_FAILURE_USAGE] = EXIT_USAGE,
        [FINDING_FAILURE_UNFIT] = EXIT_UNFIT,         [FINDING_FAILURE_BROKE] = EXIT_BROKE,
        [FINDING_FAILURE_NO_TARGET] = EXIT_NO_TARGET,
    };
    if (finding->status != FINDING_FAIL)
        return EXIT_HELD;
    return finding->side == SIDE_TESTER ? EXIT_UNFIT : exits[finding_code_failure(finding->code)];
}

/* Of a mistake in what was asked the option is named, which the code is named after. */
static void give_reason(struct judgement *judgement, const struct finding *finding, int exit_code) {
    char option[sizeof finding->name];
    snprintf(option, sizeof option, "%s", finding->name);
    for (char *at = option; exit_code == EXIT_USAGE && (at = strchr(at, '_')) != NULL;)
        *at = '-';
    judgement_reason(judgement, "%s%s: %s", exit_code == EXIT_USAGE ? "--" : "", option,
                     finding->text);
}

/* The findings that ask for this exit code become its reasons; false when there is none. */
static bool decide(struct judgement *judgement, int exit_code, enum verdict verdict) {
    for (size_t i = 0; i < judgement->findings.count; i++) {
        const struct finding *finding = &judgement->findings.items[i];
        if (exit_of(finding) == exit_code)
            give_reason(judgement, finding, exit_code);
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
