/* The statuses of answers in words, the same in every report. */
#include "report/format/status_text.h"

#include <stdio.h>
#include <string.h>

#include "report/format/format.h"

struct status_words status_words(const struct statuses *statuses) {
    enum { SHOWN = 3 };
    struct status_words words = {""};
    int shown = 0;
    for (size_t i = 0; i < statuses->count && shown < SHOWN; i++) {
        const struct statuses_count *item = &statuses->items[i];
        size_t length = strlen(words.text);
        if (statuses_class_of(item->status) == STATUS_CLASS_2XX)
            continue;
        double percent = 100 * (double)item->count / (double)statuses->answered;
        snprintf(words.text + length, sizeof words.text - length, "%s%d: %s",
                 shown++ > 0 ? ", " : "", item->status, format_percent(percent).text);
    }
    return words;
}

struct status_words status_counts(const struct statuses *statuses) {
    struct status_words words = {"-"};
    size_t length = 0;
    for (size_t i = 0; i < statuses->count && length < sizeof words.text; i++)
        length += (size_t)snprintf(words.text + length, sizeof words.text - length, "%s%d:%llu",
                                   i > 0 ? "," : "", statuses->items[i].status,
                                   (unsigned long long)statuses->items[i].count);
    if (statuses->more && length < sizeof words.text)
        snprintf(words.text + length, sizeof words.text - length, ",...");
    return words;
}
