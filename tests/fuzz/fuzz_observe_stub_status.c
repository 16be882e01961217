/* Whatever comes as a stub_status page: what is accepted prints back to the same page. */
#include <inttypes.h>
#include <stdio.h>

#include "fuzz.h"
#include "observe/stub_status.h"

/* The number at *at without zeros in front, which nginx never writes and the reader lets pass. */
static void skip_zeros(const char **at, const char *end) {
    while (*at + 1 < end && **at == '0' && (*at)[1] >= '0' && (*at)[1] <= '9')
        (*at)++;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data, *at = text, *end = text + size;
    struct stub_status page;
    if (!stub_status_parse(&page, text, size))
        return 0;
    char again[512];
    int length = snprintf(again, sizeof again,
                          "Active connections: %" PRIu64
                          " \nserver accepts handled requests\n %" PRIu64 " %" PRIu64 " %" PRIu64
                          " \nReading: %" PRIu64 " Writing: %" PRIu64 " Waiting: %" PRIu64,
                          page.active, page.accepted, page.handled, page.requests, page.reading,
                          page.writing, page.waiting);
    for (int i = 0; i < length; i++, at++) {
        if (is_digit(again[i]) && (i == 0 || !is_digit(again[i - 1])))
            skip_zeros(&at, end);
        require(at < end && *at == again[i]);
    }
    for (; at < end; at++)
        require(strchr(" \t\r\n", *at) != NULL && *at != '\0');
    return 0;
}
