/* A stack of our own where the one we were given is too small. */
#include "base/stack.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK_ENOUGH = 1024 * 1024, STACK_SIZE = 8 * 1024 * 1024 };

/* makecontext(3) passes nothing but int. */
static struct {
    int (*run)(int argc, char **argv);
    int argc, result;
    char **argv;
    ucontext_t given, own;
} call;

static void run_there(void) {
    call.result = call.run(call.argc, call.argv);
}

static bool is_enough(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
           limit.rlim_cur >= STACK_ENOUGH;
}

/* NULL when there is none. */
static char *make_stack(void) {
    size_t guard = (size_t)sysconf(_SC_PAGESIZE);
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return NULL;
    (void)mprotect(stack, guard, PROT_NONE);
    return stack;
}

int stack_run(int (*run)(int argc, char **argv), int argc, char **argv) {
    char *stack = is_enough() ? NULL : make_stack();
    if (stack == NULL || getcontext(&call.own) != 0)
        return run(argc, argv);
    call.run = run;
    call.argc = argc;
    call.argv = argv;
    call.own.uc_stack.ss_sp = stack;
    call.own.uc_stack.ss_size = STACK_SIZE;
    call.own.uc_link = &call.given;
    makecontext(&call.own, run_there, 0);
    swapcontext(&call.given, &call.own);
    munmap(stack, STACK_SIZE);
    return call.result;
}
