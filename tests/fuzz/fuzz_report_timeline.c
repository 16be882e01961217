/* Any bytes as a saved run: refused in one clean line that names the file, or read into what a
 * summary and a JSON report can be drawn from, with no byte in the summary that steers a terminal.
 */
#include "saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct saved *saved = read_bytes(data, size);
    struct drawing json;
    if (saved == NULL)
        return 0;
    draw_summary(saved);
    draw_json(&json, saved);
    free(json.text);
    saved_free(saved);
    return 0;
}
