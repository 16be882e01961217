/* Any bytes as a saved run: refused in one clean line that names the file, or read into what a
 * summary and a JSON report can be drawn from, with no byte in the summary that steers a terminal.
 */
#include <stdio.h>

#include "fuzz.h"
#include "report/report.h"
#include "report/saved.h"

static void require_clean(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        require(byte == '\n' || (byte >= 0x20 && byte != 0x7f));
        require(byte != 0xc2 || (unsigned char)text[i + 1] >= 0xa0); /* C1 in UTF-8 */
    }
}

static void draw(const struct saved *saved) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    require(out != NULL);
    report_summary(out, (struct style){0}, &saved->plan, saved->record, &saved->judgement);
    fclose(out);
    require(length > 0);
    require_clean(text, length);
    free(text);
    out = open_memstream(&text, &length);
    require(out != NULL);
    require(report_json(out, &saved->plan, saved->record, &saved->judgement) == 0);
    fclose(out);
    require_clean(text, length);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char error[SAVED_ERROR_MAX] = "";
    FILE *in = size > 0 ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "r");
    require(in != NULL);
    struct saved *saved = saved_read(in, "fuzz", error);
    fclose(in);
    if (saved != NULL) {
        draw(saved);
    } else {
        size_t length = strnlen(error, sizeof error);
        require(length > 6 && length < sizeof error && memcmp(error, "fuzz:", 5) == 0);
        require(strchr(error, '\n') == NULL);
        require_clean(error, length);
    }
    saved_free(saved);
    return 0;
}
