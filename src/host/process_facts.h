/* Facts of a process from /proc: its state, its children, its CPU time, memory and files. */
#ifndef HOST_PROCESS_FACTS_H
#define HOST_PROCESS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* proc_pid_stat(5). */
struct process_facts {
    char name[64];
    char state;                 /* one letter; 'Z' and 'X': it has ended */
    uint64_t started;           /* clock ticks since boot: with the pid, identifies the process */
    int64_t user_ns, system_ns; /* CPU time, of itself */
    int64_t rss_bytes;
};

/* root stands before /proc ("" on a real machine). false when there is no such process, or it has
 * ended and only waits to be reaped. */
bool process_facts_read(struct process_facts *out, const char *root, int pid);
/* The same, also of a process that waits to be reaped. */
bool process_stat_read(struct process_facts *out, const char *root, int pid);

/* User and system time together; -1 when there is no such process. */
int64_t process_cpu_ns(const char *root, int pid);

/* Proportional and resident set size (smaps_rollup); -1 when they cannot be read (it wants the
 * rights of ptrace(2)). Their cost grows with the process' memory. */
int64_t process_pss_bytes(const char *root, int pid);
int64_t process_rss_bytes(const char *root, int pid);

/* Open files; -1 when they cannot be read, or are more than max and would have to be counted. */
int64_t process_files(const char *root, int pid, int64_t max);

/* Its RLIMIT_NOFILE, soft: INT64_MAX for unlimited, -1 when it cannot be read. */
int64_t process_nofile_soft(const char *root, int pid);

/* The same, and hard; false when it cannot be read. */
bool process_nofile(const char *root, int pid, int64_t *soft, int64_t *hard);

/* The command line, its words separated by NUL: up to size - 1 bytes and a NUL behind them.
 * How many; 0 when it cannot be read. A process may write there what it wants (nginx does). */
size_t process_command_line(char *text, size_t size, const char *root, int pid);

/* Threads of all processes with this real user id; -1 when they cannot be counted. */
int64_t process_user_threads(const char *root, unsigned user);

/* How many bytes a title may take that it writes over its arguments and what stands behind them: a
 * longer one is cut. -1 when it cannot be read. */
int64_t process_title_room(const char *root, int pid);

/* Threads of a whole tree of processes that are asked for their children, at most. */
enum { PROCESS_THREADS_MAX = 16384 };

/* Children of all of its threads, `max` at most are kept; how many there are, or max + 1 when there
 * are more. *threads is how many threads may still be asked: at 0 not all of them were. */
size_t process_children(int *out, size_t max, size_t *threads, const char *root, int pid);

#endif
