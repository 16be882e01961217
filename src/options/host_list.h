/* The value of --hosts: names with commas between them. */
#ifndef OPTIONS_HOST_LIST_H
#define OPTIONS_HOST_LIST_H

#include <stdbool.h>
#include <stddef.h>

enum { HOST_LIST_MAX = 256, HOST_NAME_SIZE = 256 };

/* What stands for the host's name in --remote. */
#define HOST_LIST_PLACE "{host}"

/* The host whose turn it is, its comma passed; false: there is no more. Begin with the list. */
bool host_list_next(const char **list, char name[static HOST_NAME_SIZE]);

/* Whether it is one of 1..HOST_LIST_MAX names, each once. A name is for a shell to read as it
 * stands, and no option: letters, digits and -._:@%+=/, the first none of -. An IPv6
 * address stands without brackets, which a shell would take for a pattern of files. */
bool host_list_is_one(const char *list);

/* Whether that name, of so many bytes, stands in such a list. */
bool host_list_has(const char *list, const char *name, size_t length);

/* How many there are in such a list. */
size_t host_list_count(const char *list);

#endif
