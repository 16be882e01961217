/* Names of hosts, taken one by one from their list. */
#include "options/host_list.h"

#include <string.h>

static bool is_name(const char *text, size_t length) {
    static const char of_a_name[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:@%+=/";
    return length > 0 && length < HOST_NAME_SIZE && text[0] != '-' &&
           strspn(text, of_a_name) >= length;
}

bool host_list_next(const char **list, char name[static HOST_NAME_SIZE]) {
    size_t length = strcspn(*list, ",");
    if (length == 0 || length >= HOST_NAME_SIZE)
        return false;
    memcpy(name, *list, length);
    name[length] = '\0';
    *list += length + ((*list)[length] == ',');
    return true;
}

static bool is_again(const char *list, const char *name) {
    size_t length = strlen(name);
    return strncmp(list, name, length) == 0 && list[length] == ',';
}

/* Whether that name stands in the list before `end`. */
static bool is_before(const char *list, const char *end, const char *name) {
    for (; list < end; list += strcspn(list, ",") + 1)
        if (is_again(list, name))
            return true;
    return false;
}

bool host_list_is_one(const char *list) {
    char name[HOST_NAME_SIZE];
    size_t count = 0;
    for (const char *at = list, *here = list;; here = at, count++) {
        size_t length = strcspn(here, ",");
        if (count == HOST_LIST_MAX || !is_name(here, length) || !host_list_next(&at, name) ||
            is_before(list, here, name))
            return false;
        if (here[length] == '\0')
            return true;
    }
}

bool host_list_has(const char *list, const char *name, size_t length) {
    size_t here = strcspn(list, ",");
    while (here != length || strncmp(list, name, length) != 0) {
        if (list[here] == '\0')
            return false;
        list += here + 1;
        here = strcspn(list, ",");
    }
    return true;
}

size_t host_list_count(const char *list) {
    size_t count = 1;
    for (; (list = strchr(list, ',')) != NULL; list++)
        count++;
    return count;
}
