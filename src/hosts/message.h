/* What the leader of a run on many hosts and its parts tell each other: one JSON object a line.
 *
 * A part says hello, answers when it is asked for its clock, and says whether a plan fits its host.
 * Armed, it makes its workers ready and carries the plan out; its lines are then those of a
 * timeline (report/export/timeline_file.h), and what is said to it are orders (run/orders.h). */
#ifndef HOSTS_MESSAGE_H
#define HOSTS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/refuse.h"
#include "judge/verdict/judgement.h"

/* Raised with every change that an older holdfast would not understand. */
enum { MESSAGE_PROTOCOL = 3 };

/* Longer is no line of ours: a timeline's with its histograms is some kB. */
enum { MESSAGE_LINE_MAX = 1 << 20, MESSAGE_WORDS_MAX = 512 };

enum message_kind {
    MESSAGE_OTHER, /* none of these: what a login prints, or a newer member */
    /* of a part */
    MESSAGE_HELLO,
    MESSAGE_CLOCK, /* also of the leader, who asks for it */
    MESSAGE_FIT,
    MESSAGE_READY,
    MESSAGE_PHASE, /* it is in another phase */
    MESSAGE_TIMELINE,
    MESSAGE_EXIT,
    /* of the leader */
    MESSAGE_PLAN,
    MESSAGE_ARM,
};

struct json_t;

/* One that was read. Its texts and findings live in the document, which is the owner's to free. */
struct message {
    enum message_kind kind;
    struct json_t *document;
    int64_t protocol;    /* of a hello */
    const char *version; /* of a hello; "": none */
    int64_t number;      /* of a clock: which question; of an exit: the code */
    int64_t clock_ns;    /* of a part's clock, and of a timeline's beginning; -1: none */
    bool fits;           /* of a fit: the plan may be carried out there */
    int64_t exit_code;   /* of a fit: what it would end with */
    int64_t room;        /* of a fit: connections that this host can hold; -1: not known */
    uint64_t asked;      /* of a fit: requests of its preflight that were answered */
    const char *limit;   /* of a fit: what bounds them; "" */
    const char *reason;  /* of a fit that is none; "" */
    const char *phase;   /* of a phase, and of a timeline's second; "" */
    const char *url;     /* of a plan */
    size_t word_count;   /* of a plan: its options, as typed */
    const char *words[MESSAGE_WORDS_MAX];
};

/* Reads a line (without its end). false, with a message: it begins as one of ours does, and is
 * none. What does not is MESSAGE_OTHER, and has no document. The caller frees with message_free(),
 * whatever came of it. */
bool message_read(struct message *message, const char *line, size_t length,
                  struct refuse_buffer to);
void message_free(struct message *message);
/* The findings of a fit. */
void message_findings(struct findings *findings, const struct message *message);

/* Each writes one line. */
void message_write_hello(FILE *out);
void message_write_ask_clock(FILE *out, int64_t number);
void message_write_clock(FILE *out, int64_t number, int64_t clock_ns);
void message_write_fit(FILE *out, bool fits, int64_t room, const char *limit,
                       const struct judgement *judgement);
void message_write_exit(FILE *out, int code);
void message_write_plan(FILE *out, const char *const *words, size_t count, const char *url);
void message_write_arm(FILE *out);
void message_write_go(FILE *out, int64_t clock_ns);
void message_write_stop(FILE *out);
void message_write_hurry(FILE *out);
void message_write_abort(FILE *out, const char *rule);
/* number: from 1, by which the leader knows it again. */
void message_write_mark(FILE *out, const char *text, uint32_t number);

#endif
