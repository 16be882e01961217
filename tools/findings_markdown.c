/* Prints docs/findings.md, all findings as reports name them: for tools/generate-docs. */
#include <stdio.h>

#include "judge/finding.h"

static const char *stage_name(enum finding_stage stage) {
    static const char *const names[] = {"preflight", "run", "any"};
    return names[stage];
}

static const char *failure_name(enum finding_failure failure) {
    static const char *const names[] = {"", "usage (2)", "unfit (3)", "no_target (5)", "broke (1)"};
    return names[failure];
}

int main(void) {
    puts("<!-- Generated from src/judge/findings.def by tools/generate-docs: do not edit. -->\n"
         "# Findings\n\n"
         "What the preflight and the judgement of a run find, by the `code` that reports give it. "
         "*side* is whose matter\n"
         "it is, where the facts do not say otherwise; *FAIL* is what such a finding makes of a "
         "preflight, and its exit\n"
         "code: one of this machine's side always makes it unfit. Each [outcome](outcomes.md) that "
         "happened is a\n"
         "finding of a run too, of its own name.\n\n"
         "| code | side | stage | FAIL | what it says |\n|---|---|---|---|---|");
    for (int i = OUTCOME_COUNT; i < FINDING_CODES; i++) {
        enum finding_code code = (enum finding_code)i;
        printf("| `%s` | %s | %s | %s | %s |\n", finding_code_name(code),
               outcome_side_name(finding_code_side(code)), stage_name(finding_code_stage(code)),
               failure_name(finding_code_failure(code)), finding_code_help(code));
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
