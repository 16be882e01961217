/* Any bytes as a field value: the words found are those of a plain split at the commas, for a value
 * without quotes; with them none is found twice in one element, and the end leaves nothing. */
#include <stdbool.h>

#include "base/ascii.h"
#include "fuzz.h"
#include "wire/http/field_list.h"

static const char *const words[] = {"close", "keep-alive", "chunked", "close-notify"};
enum { WORDS = sizeof words / sizeof *words };

/* How often each word was found; behind them: another. */
struct found {
    size_t counts[WORDS + 1];
};

static void count(struct found *found, int word) {
    require(word >= FIELD_LIST_NONE && word <= WORDS);
    if (word != FIELD_LIST_NONE)
        found->counts[word]++;
}

static void read_list(struct found *found, const uint8_t *data, size_t size) {
    struct field_list list = {.begun = false};
    for (size_t i = 0; i < size; i++)
        count(found, field_list_byte(&list, words, WORDS, data[i]));
    count(found, field_list_end(&list, words, WORDS));
    require(field_list_end(&list, words, WORDS) == FIELD_LIST_NONE);
}

static int find_word(const uint8_t *element, size_t length) {
    for (int i = 0; i < WORDS; i++)
        if (ascii_equal_bytes((const char *)element, length, words[i]))
            return i;
    return WORDS;
}

/* The same by cutting the value up; no quotes in it. */
static void split(struct found *found, const uint8_t *data, size_t size) {
    const uint8_t *end = data + size;
    for (const uint8_t *stop; data <= end; data = stop + 1) {
        for (stop = data; stop < end && *stop != ',';)
            stop++;
        const uint8_t *last = stop;
        while (data < last && ascii_is_blank(*data))
            data++;
        while (last > data && ascii_is_blank(last[-1]))
            last--;
        if (last > data)
            count(found, find_word(data, (size_t)(last - data)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct found read = {0}, plain = {0};
    read_list(&read, data, size);
    if (size > 0 && memchr(data, '"', size) == NULL) {
        split(&plain, data, size);
        require(memcmp(&read, &plain, sizeof read) == 0);
    }
    return 0;
}
