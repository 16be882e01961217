/* A directory that stands for / in a test: files are written into it and it goes away at the end.
 */
#ifndef TESTS_UNIT_HOST_TREE_H
#define TESTS_UNIT_HOST_TREE_H

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct tree {
    char root[64];
};

static inline void tree_make(struct tree *tree) {
    strcpy(tree->root, "/tmp/holdfast-tree-XXXXXX");
    if (mkdtemp(tree->root) == NULL)
        abort();
}

/* Creates the folders on the way. */
static inline void tree_write(const struct tree *tree, const char *path, const void *bytes,
                              size_t size) {
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", tree->root, path);
    for (char *slash = whole + strlen(tree->root); (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        if (mkdir(whole, 0700) != 0 && errno != EEXIST)
            abort();
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
}

static inline void tree_put(const struct tree *tree, const char *path, const char *text) {
    tree_write(tree, path, text, strlen(text));
}

static inline int tree_remove_entry(const char *path, const struct stat *stat, int type,
                                    struct FTW *ftw) {
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

static inline void tree_remove(const struct tree *tree) {
    if (nftw(tree->root, tree_remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
        abort();
}

#endif
