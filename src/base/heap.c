/* malloc() keeps freed parts of each small size for its thread, as if they were in use, and has no
 * call that gives them back; but those of a thread that ends are free. */
#include "base/heap.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

/* glibc's: parts of up to so many bytes, 7 of a size, or a few more in later versions. */
enum { SIZE_MIN = 24, SIZE_MAX_KEPT = 1032, SIZE_STEP = 16, KEPT_OF_A_SIZE = 16 };

/* A part while it is passed on. */
struct heap_part {
    struct heap_part *next;
};

static struct heap_part *take_kept(void) {
    struct heap_part *parts = NULL;
    for (size_t size = SIZE_MIN; size <= SIZE_MAX_KEPT; size += SIZE_STEP)
        for (int i = 0; i < KEPT_OF_A_SIZE; i++) {
            struct heap_part *part = malloc(size);
            if (part == NULL)
                return parts;
            part->next = parts;
            parts = part;
        }
    return parts;
}

static void *free_all(void *first) {
    for (struct heap_part *part = first, *next; part != NULL; part = next) {
        next = part->next;
        free(part);
    }
    return NULL;
}

/* Without a thread they stay this one's. */
static void free_elsewhere(struct heap_part *parts) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, free_all, parts) == 0)
        pthread_join(thread, NULL);
    else
        free_all(parts);
}

void heap_trim(void) {
    mallopt(M_ARENA_MAX, 1); /* a thread for a moment needs none of its own */
    free_elsewhere(take_kept());
    malloc_trim(0);
}
