/* Whatever is typed as a number is refused or reads back, as it is written, to the same value. */
#include "base/units.h"
#include "fuzz.h"

static void read_all(const char *text) {
    char written[64];
    uint64_t count;
    duration length, length_again;
    struct units_rate rate, rate_again;
    struct units_span span, span_again;
    if (units_parse_count(text, &count))
        require(units_parse_rate(text, &rate) && rate.count == count && rate.per == SECOND);
    if (units_parse_duration(text, &length)) {
        units_format_duration(written, sizeof written, length);
        require(units_parse_duration(written, &length_again) && length_again == length);
        require(length >= 0);
    }
    if (units_parse_rate(text, &rate)) {
        units_format_rate(written, sizeof written, rate);
        require(units_parse_rate(written, &rate_again) && rate_again.count == rate.count);
        require(rate_again.per == rate.per && rate.per > 0);
    }
    if (units_parse_span(text, &span)) {
        units_format_span(written, sizeof written, span);
        require(units_parse_span(written, &span_again) && span_again.low == span.low);
        require(span_again.high == span.high && span.low <= span.high);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    read_all(text);
    free(text);
    return 0;
}
