/* Requests that are seldom meant so: warnings, since they can be sent. */
#include <string.h>

#include "base/ascii.h"
#include "judge/fit/fit.h"
#include "judge/fit/local.h"
#include "options/options.h"
#include "plan/plan.h"

static bool is_upper_of(const char *upper, const char *method) {
    return ascii_equal(upper, method) && strcmp(upper, method) != 0;
}

/* Methods are case-sensitive (RFC 9110 9.1): most servers answer 400 or 405 to "get". */
static void judge_method(struct findings *findings, const char *method) {
    static const char *const known[] = {"GET",    "HEAD",    "POST",  "PUT",
                                        "DELETE", "OPTIONS", "TRACE", "PATCH"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!is_upper_of(known[i], method))
            continue;
        struct finding *finding = findings_add(
            findings, FINDING_request, FINDING_WARN,
            "the method \"%s\" is not %s: methods are case-sensitive", method, known[i]);
        finding_do(finding, "-X %s", known[i]);
    }
}

/* Whether a list has this element, upper and lower case alike. */
static bool has_element(const char *list, const char *element) {
    for (const char *at = list; *at != '\0';) {
        at += strspn(at, ", \t");
        size_t length = strcspn(at, ", \t");
        if (length > 0 && ascii_equal_bytes(at, length, element))
            return true;
        at += length;
    }
    return false;
}

static void judge_header(struct findings *findings, const char *header) {
    size_t name = strcspn(header, ":");
    if (!ascii_equal_bytes(header, name, "Connection") || !has_element(header + name + 1, "close"))
        return;
    struct finding *finding =
        findings_add(findings, FINDING_request, FINDING_WARN,
                     "the header \"Connection: close\" asks the server to end each connection with "
                     "its first answer");
    finding_do(finding, "leave it out: none is held otherwise");
}

void judge_request(struct findings *findings, const struct plan *plan) {
    const struct option_text_list *headers = &plan->options->header;
    judge_method(findings, plan->options->method);
    for (size_t i = 0; i < headers->count; i++)
        judge_header(findings, headers->items[i]);
}
