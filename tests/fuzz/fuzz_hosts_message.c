/* Any bytes as what the other side of a run on many hosts says, a line each. */
#include "fuzz.h"
#include "hosts/message.h"

static void read_one(const char *line, size_t length, struct findings *findings) {
    char error[200] = "";
    struct message message;
    bool read = message_read(&message, line, length, (struct refuse_buffer){error, sizeof error});
    if (!read)
        require_line(error, sizeof error, "a line");
    require(!read || message.document != NULL || message.kind == MESSAGE_OTHER);
    require(message.word_count <= MESSAGE_WORDS_MAX);
    for (size_t i = 0; read && i < message.word_count; i++)
        require(message.words[i] != NULL);
    if (read && message.kind == MESSAGE_FIT)
        message_findings(findings, &message);
    require(findings->count <= FINDINGS_MAX);
    message_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct findings findings;
    memset(&findings, 0, sizeof findings);
    char *text = fuzz_text(data, size);
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        read_one(text + at, length, &findings);
        at += length + 1;
    }
    free(text);
    return 0;
}
