/* Prints docs/outcomes.md, all outcomes as reports name them: for tools/generate-docs. */
#include <stdio.h>

#include "stats/outcome.h"

static const char *stage_name(enum outcome_stage stage) {
    switch (stage) {
    case STAGE_OPEN: return "open";
    case STAGE_LIVE: return "live";
    case STAGE_DRAIN: return "drain";
    case STAGE_ANY: break;
    }
    return "any";
}

int main(void) {
    puts("<!-- Generated from src/stats/outcomes.def by tools/generate-docs: do not edit. -->\n"
         "# Outcomes\n\n"
         "Every connection ends in exactly one of these. *tester* is this machine, *network* the "
         "path, "
         "*server* the\npeer; *us* is the end of the run. `closed_idle` and `closed_announced` "
         "count as "
         "closed, those of *us* in the\ndrain, all others as errored.\n\n"
         "| outcome | side | stage | what happened | look at |\n|---|---|---|---|---|");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        printf("| `%s` | %s | %s | %s | %s |\n", outcome_name(outcome),
               outcome_side_name(outcome_side(outcome)), stage_name(outcome_stage(outcome)),
               outcome_text(outcome), outcome_advice(outcome));
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
