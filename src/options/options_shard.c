/* Which part of a plan this process is: as typed, or as the batch engine that started it says. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "options/options_row.h"

/* Ranks count from 0; mpirun's own come first, for it may run inside a Slurm allocation. */
static const struct {
    const char *rank, *size; /* size NULL: this engine tells none */
} engines[] = {
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, /* Open MPI's mpirun(1) */
    {"PMI_RANK", "PMI_SIZE"},                         /* MPICH's mpiexec.hydra */
    {"SLURM_PROCID", "SLURM_NTASKS"},                 /* srun(1) */
    {"JOB_COMPLETION_INDEX", NULL},                   /* a Kubernetes Indexed Job */
};
enum { ENGINES = sizeof engines / sizeof engines[0] };

struct shard_parser {
    const struct option_row *row;
    const char *label, *value;
    struct refuse_buffer to;
};

static bool refuse_value(const struct shard_parser *parser, const char *why) {
    return refuse(parser->to, "%s: \"%s\" is %s: %s", parser->label,
                  refuse_quote(parser->value).text, why, option_accepted(parser->row).text);
}

static bool take_number(const char *text, size_t length, uint64_t *out) {
    char digits[24];
    if (length == 0 || length >= sizeof digits || strspn(text, "0123456789") < length)
        return false;
    memcpy(digits, text, length);
    digits[length] = '\0';
    return units_parse_count(digits, out);
}

/* S1+S2+...: as many sizes as there are parts, one connection at least in each. */
static bool take_sizes(const struct shard_parser *parser, struct options *options, const char *text,
                       uint64_t *parts, const uint32_t **sizes) {
    size_t count = 1;
    for (const char *at = text; (at = strchr(at, '+')) != NULL; at++)
        count++;
    uint32_t *room = (uint32_t *)(void *)options_room(options, count * sizeof *room);
    if (room == NULL)
        return refuse(parser->to, "%s: out of memory", parser->label);
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(text, "+");
        uint64_t size;
        if (!take_number(text, length, &size) || size < 1 || size > CONNECTIONS_MAX)
            return refuse_value(parser, "not a part");
        room[i] = (uint32_t)size;
        text += length + 1;
    }
    *parts = count;
    *sizes = room;
    return true;
}

/* A variable of the environment that must be a number. */
static bool take_variable(const struct shard_parser *parser, const char *name, uint64_t *out) {
    const char *text = getenv(name);
    if (text == NULL)
        return refuse(parser->to, "%s: \"%s\": %s is not set: I/N is accepted", parser->label,
                      refuse_quote(parser->value).text, name);
    return take_number(text, strlen(text), out) ||
           refuse(parser->to, "%s: \"%s\": %s is \"%s\", which is not a number: I/N is accepted",
                  parser->label, refuse_quote(parser->value).text, name, refuse_quote(text).text);
}

/* The rank, counted from 1, of the engine that started us; and its size, unless parts is known. */
static bool ask_engine(const struct shard_parser *parser, uint64_t *part, uint64_t *parts) {
    int i = 0;
    while (i < ENGINES && getenv(engines[i].rank) == NULL)
        i++;
    if (i == ENGINES)
        return refuse(parser->to,
                      "%s: \"%s\": no rank is set in the environment (OMPI_COMM_WORLD_RANK, "
                      "PMI_RANK, SLURM_PROCID, JOB_COMPLETION_INDEX): I/N is accepted",
                      parser->label, refuse_quote(parser->value).text);
    if (*parts == 0 && engines[i].size == NULL)
        return refuse(parser->to,
                      "%s: \"%s\": a Kubernetes Indexed Job does not tell how many there are: /N "
                      "is accepted, its completions",
                      parser->label, refuse_quote(parser->value).text);
    uint64_t rank = 0;
    if (!take_variable(parser, engines[i].rank, &rank) ||
        (*parts == 0 && !take_variable(parser, engines[i].size, parts)))
        return false;
    if (rank >= *parts)
        return refuse(parser->to,
                      "%s: \"%s\": %s is %" PRIu64 ", of %" PRIu64 " parts: a rank below that is "
                      "accepted",
                      parser->label, refuse_quote(parser->value).text, engines[i].rank, rank,
                      *parts);
    *part = rank + 1;
    return true;
}

bool option_read_shard(struct options *options, const struct option_row *row, const char *label,
                       const char *value, struct refuse_buffer to) {
    const struct shard_parser parser = {row, label, value, to};
    const char *slash = strchr(value, '/');
    uint64_t part = 0, parts = 0;
    const uint32_t *sizes = NULL;
    bool automatic = strcmp(value, "auto") == 0, cut = slash != NULL && strchr(slash, '+') != NULL;
    if (cut && !take_sizes(&parser, options, slash + 1, &parts, &sizes))
        return false;
    if (!automatic &&
        (slash == NULL || (!cut && !take_number(slash + 1, strlen(slash + 1), &parts)) ||
         (slash > value && !take_number(value, (size_t)(slash - value), &part))))
        return refuse_value(&parser, "not a part");
    if (!automatic && (parts < row->low || parts > row->high))
        return refuse_value(&parser, "out of bounds");
    if ((automatic || slash == value) && !ask_engine(&parser, &part, &parts))
        return false;
    if (part < 1 || part > parts || parts > row->high)
        return refuse_value(&parser, "out of bounds");
    options->shard = (struct option_shard_choice){(uint32_t)part, (uint32_t)parts, sizes,
                                                  sizes != NULL ? value : NULL};
    return true;
}
