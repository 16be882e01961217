/* Whatever bytes come in, what is shown steers no terminal and what is written is JSON's UTF-8. */
#include <stdio.h>

#include "base/json_write.h"
#include "base/text.h"
#include "base/utf8.h"
#include "fuzz.h"

/* All of text is UTF-8 without a control character, but for one line end at its very end. */
static void check_shown(const char *text) {
    while (*text != '\0') {
        uint32_t character = 0;
        unsigned length = utf8_read(text, &character);
        require(length > 0);
        require(character >= 0x20 || (character == '\n' && text[1] == '\0'));
        require(character < 0x7f || character > 0x9f);
        text += length;
    }
}

static void write_json(const char *text) {
    char *written = NULL;
    size_t length = 0;
    struct json_writer json;
    FILE *out = open_memstream(&written, &length);
    require(out != NULL);
    json_write_begin(&json, out, true);
    json_write_object(&json);
    json_write_name(&json, text);
    json_write_string(&json, text);
    json_write_object_end(&json);
    json_write_end(&json);
    require(fclose(out) == 0);
    for (char *at = written; (at = strchr(at, '\n')) != NULL && at[1] != '\0';)
        *at = ' '; /* the layout's own line ends; one within a string would stand escaped */
    check_shown(written);
    free(written);
}

/* Into a block of each small size and of one that always fits. */
static void escape(const char *text) {
    for (size_t size = 1; size <= 32; size++) {
        size_t room = size < 32 ? size : 4 * strlen(text) + 1;
        char *buffer = malloc(room);
        require(buffer != NULL);
        check_shown(text_escape(buffer, room, text));
        require(strlen(buffer) < room);
        free(buffer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    escape(text);
    write_json(text);
    free(text);
    return 0;
}
