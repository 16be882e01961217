/* Any two saved runs compared: a table with no byte that steers a terminal, a JSON report, and an
 * exit code of the contract; a run against itself is no regression. */
#include "judge/verdict/compare.h"
#include "report/terminal/comparison.h"
#include "saved.h"

static int compare(const struct saved *base, const struct saved *other) {
    static struct compare_result result; /* too large for a small stack */
    static const struct compare_tolerances none;
    struct report_comparison_side a = {"a", {&base->plan, base->record, &base->judgement}};
    struct report_comparison_side b = {"b", {&other->plan, other->record, &other->judgement}};
    struct drawing drawing;
    judge_compare(&result, &a.run, &b.run, &none);
    drawing_begin(&drawing);
    report_comparison(drawing.out, (struct style){0}, &result, &a, &b);
    drawing_end(&drawing);
    free(drawing.text);
    drawing_begin(&drawing);
    require(report_comparison_json(drawing.out, &result, &a, &b) == 0);
    drawing_end(&drawing);
    free(drawing.text);
    require(result.exit_code == 0 || result.exit_code == 1 || result.exit_code == 4);
    return result.exit_code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct saved *runs[2];
    if (!read_two(data, size, runs))
        return 0;
    compare(runs[0], runs[1]);
    require(compare(runs[0], runs[0]) != 1);
    saved_free(runs[0]);
    saved_free(runs[1]);
    return 0;
}
