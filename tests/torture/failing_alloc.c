/* Preloaded into a program: its n-th allocation fails, once, in each process that gets so far.
 *
 *   HOLDFAST_ALLOC_FAIL=N    which one, counted from 1 in the order of a process and of those that
 *                            it was forked from; 0: none
 *   HOLDFAST_ALLOC_LOG=FILE  where a line is added for each that failed, and at the end of a
 *                            process that left by exit(3) one with how many there were
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* glibc's own, below the names that are taken here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static atomic_long allocated; /* threads of libmicrohttpd allocate too */
static long failing;

/* Without an allocation. */
static void log_line(const char *format, ...) {
    char line[100];
    const char *path = getenv("HOLDFAST_ALLOC_LOG");
    int file = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (file >= 0 && write(file, line, (size_t)length) != length)
        abort();
    if (file >= 0)
        close(file);
}

static int fails(const char *function, size_t size) {
    if (atomic_fetch_add(&allocated, 1) + 1 != failing)
        return 0;
    log_line("failed %s of %zu bytes\n", function, size);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    return fails("malloc", size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails("calloc", count * size) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    return fails("realloc", size) ? NULL : __libc_realloc(block, size);
}

/* What was allocated before main is the dynamic linker's and this file's own. */
__attribute__((constructor)) static void begin(void) {
    const char *number = getenv("HOLDFAST_ALLOC_FAIL");
    failing = number != NULL ? strtol(number, NULL, 10) : 0;
    atomic_store(&allocated, 0);
}

__attribute__((destructor)) static void end(void) {
    log_line("allocated %ld\n", atomic_load(&allocated));
}
