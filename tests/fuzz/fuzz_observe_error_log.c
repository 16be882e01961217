/* Whatever stands in a line of an error log: one that counts has nginx's form and says the words.
 */
#include "fuzz.h"
#include "observe/error_log.h"

static bool says(const char *line, size_t length, const char *words) {
    return memmem(line, length, words, strlen(words)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *line = (const char *)data;
    enum error_line kind = error_line_of(line, size);
    if (kind == ERROR_LINE_OTHER)
        return 0;
    require(line[0] >= '0' && line[0] <= '9' && says(line, size, "] ") && says(line, size, "#"));
    if (kind == ERROR_LINE_SHORT_OF_CONNECTIONS)
        require(says(line, size, " worker_connections are not enough"));
    else
        require(says(line, size, "failed (24: ") || says(line, size, "failed (23: "));
    return 0;
}
