/* Feeds each file of a folder, and seeded mutations of it, to a fuzzer's entry: for builds without
 * libFuzzer. */
#include <dirent.h>
#include <stdio.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 17, MUTATIONS = 400 };

static uint64_t state = 88172645463325252u;

static uint64_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* A fresh heap copy of the exact size each time, so that ASan sees one byte too far. */
static void feed(const uint8_t *bytes, size_t length) {
    uint8_t *copy = malloc(length + 1);
    if (copy == NULL)
        exit(1);
    memcpy(copy, bytes, length);
    uint8_t *exact = realloc(copy, length > 0 ? length : 1);
    LLVMFuzzerTestOneInput(exact, length);
    free(exact);
}

static void mutate(uint8_t *bytes, size_t *length) {
    for (uint64_t edits = 1 + next() % 4; edits > 0 && *length > 0; edits--) {
        size_t at = next() % *length;
        switch (next() % 4) {
        case 0: bytes[at] = (uint8_t)next(); break;
        case 1: bytes[at] ^= (uint8_t)(1u << next() % 8); break;
        case 2: /* drop the rest */ *length = at; break;
        default: /* double a piece */
            if (*length * 2 < INPUT_MAX) {
                memmove(bytes + at + (*length - at), bytes + at, *length - at);
                *length += *length - at;
            }
        }
    }
}

static void replay(const char *path) {
    static uint8_t original[INPUT_MAX], bytes[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return;
    size_t size = fread(original, 1, sizeof original / 2, file);
    fclose(file);
    feed(original, size);
    for (int i = 0; i < MUTATIONS; i++) {
        size_t length = size;
        memcpy(bytes, original, size);
        mutate(bytes, &length);
        feed(bytes, length);
    }
}

int main(int argc, char **argv) {
    int files = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            fprintf(stderr, "%s: no such folder\n", argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (entry->d_name[0] == '.')
                continue;
            replay(path);
            files++;
        }
        closedir(folder);
    }
    printf("%d files, %d inputs\n", files, files * (MUTATIONS + 1));
    return files > 0 ? 0 : 1;
}
