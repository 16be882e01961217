/* Any bytes as a timeline: its events are whole frames, whatever its lines are. */
#include "base/memory_stream.h"
#include "fuzz.h"
#include "serve/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct memory_stream stream;
    struct event_cursor cursor = {.from = (int64_t)(size % 3), .second = -1};
    char *text = fuzz_text(data, size);
    require(memory_stream_open(&stream));
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        events_write(stream.out, &cursor, text + at, length);
        require(strlen(cursor.phase) < sizeof cursor.phase);
        at += length + 1;
    }
    require(memory_stream_close(&stream));
    require(stream.length == 0 || strcmp(stream.text + stream.length - 2, "\n\n") == 0);
    free(stream.text);
    free(text);
    return 0;
}
