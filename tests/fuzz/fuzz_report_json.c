/* Any bytes as a saved run, written as a JSON report, read back and written again: both are the
 * same, so a report that is read is neither refused nor changed. */
#include "saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct saved *saved = read_bytes(data, size);
    struct drawing once, twice;
    if (saved == NULL)
        return 0;
    draw_json(&once, saved);
    draw_summary(saved);
    saved_free(saved);
    saved = read_bytes((const uint8_t *)once.text, once.length);
    require(saved != NULL);
    draw_json(&twice, saved);
    saved_free(saved);
    require(once.length == twice.length && memcmp(once.text, twice.text, once.length) == 0);
    free(once.text);
    free(twice.text);
    return 0;
}
