/* The few directives of an nginx configuration that bound the connections it holds. */
#include "host/nginx_config.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 3 }; /* of a directive, kept: a name and what of its values matters here */

/* A text being read: the words of the directive so far, and the blocks around it. */
struct config_parser {
    struct nginx_config *config;
    const char *at, *end;
    size_t depth;   /* blocks opened in this text */
    size_t skipped; /* of these, from which one on we pass over; 0: none */
    enum nginx_context context, outer;
    size_t word_count; /* all of them; the first WORDS_MAX are kept */
    char words[WORDS_MAX][NGINX_WORD_MAX];
};

void nginx_config_init(struct nginx_config *config) {
    *config = (struct nginx_config){
        .clear = true,
        .worker_connections = -1,
        .worker_processes = -1,
        .worker_rlimit_nofile = -1,
    };
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Up to nine digits and nothing else; -1 for anything else. */
static int64_t number_of(const char *word) {
    size_t length = strspn(word, "0123456789");
    int64_t number = 0;
    if (length == 0 || length > 9 || word[length] != '\0')
        return -1;
    for (size_t i = 0; i < length; i++)
        number = number * 10 + (word[i] - '0');
    return number;
}

/* A directive that may be given once, with a number. */
static void take_number(struct config_parser *reading, int64_t *number) {
    int64_t value = reading->word_count == 2 ? number_of(reading->words[1]) : -1;
    if (value < 0 || *number >= 0)
        reading->config->clear = false;
    else
        *number = value;
}

static void take_include(struct config_parser *reading) {
    struct nginx_config *config = reading->config;
    const char *pattern = reading->words[1];
    if (reading->word_count != 2 || config->include_count == NGINX_INCLUDES_MAX ||
        strlen(pattern) >= NGINX_PATH_MAX) {
        config->clear = false;
        return;
    }
    struct nginx_include *include = &config->includes[config->include_count++];
    include->context = reading->context;
    memcpy(include->pattern, pattern, strlen(pattern) + 1);
}

/* A directive that ended at ";". */
static void take_directive(struct config_parser *reading) {
    struct nginx_config *config = reading->config;
    const char *name = reading->words[0];
    bool in_main = reading->context == NGINX_MAIN;
    if (reading->skipped > 0)
        return;
    if (reading->word_count == 0)
        config->clear = false;
    else if (strcmp(name, "include") == 0)
        take_include(reading);
    else if (!in_main && strcmp(name, "worker_connections") == 0)
        take_number(reading, &config->worker_connections);
    else if (in_main && strcmp(name, "worker_rlimit_nofile") == 0)
        take_number(reading, &config->worker_rlimit_nofile);
    else if (in_main && strcmp(name, "worker_processes") == 0) {
        if (strcmp(reading->words[1], "auto") == 0)
            snprintf(reading->words[1], NGINX_WORD_MAX, "0");
        take_number(reading, &config->worker_processes);
    }
}

/* A block that begins at "{". */
static void open_block(struct config_parser *reading) {
    struct nginx_config *config = reading->config;
    if (reading->word_count == 0 || ++reading->depth > NGINX_DEPTH_MAX)
        config->clear = false;
    if (reading->skipped > 0 || !config->clear)
        return;
    if (reading->context == NGINX_MAIN && reading->word_count == 1 &&
        strcmp(reading->words[0], "events") == 0) {
        config->clear = !config->has_events;
        config->has_events = true;
        reading->context = NGINX_EVENTS;
        return;
    }
    reading->skipped = reading->depth;
}

static void close_block(struct config_parser *reading) {
    if (reading->word_count > 0 || reading->depth == 0) {
        reading->config->clear = false;
        return;
    }
    if (reading->skipped == reading->depth)
        reading->skipped = 0;
    else if (reading->skipped == 0)
        reading->context = reading->outer;
    reading->depth--;
}

/* One character into the word; false when it is too long to be kept and would have to be. */
static void put(struct config_parser *reading, size_t *length, char c) {
    if (reading->word_count >= WORDS_MAX)
        return;
    if (*length + 1 < NGINX_WORD_MAX && c != '\0')
        reading->words[reading->word_count][(*length)++] = c;
    else if (reading->skipped == 0)
        reading->config->clear = false;
}

/* A word, quoted or not; the text stands behind it then. "\\" takes its meaning from the next. */
static void take_word(struct config_parser *reading) {
    size_t length = 0;
    char quote = *reading->at == '"' || *reading->at == '\'' ? *reading->at++ : '\0';
    for (; reading->at < reading->end; reading->at++) {
        char c = *reading->at;
        if (quote != '\0' ? c == quote : is_space(c) || c == ';' || c == '{')
            break;
        if (quote == '\0' && c == '$' && reading->at + 1 < reading->end && reading->at[1] == '{') {
            put(reading, &length, c); /* "${name}" is a variable and no block */
            c = *++reading->at;
        } else if (c == '\\' && reading->at + 1 < reading->end) {
            c = *++reading->at;
        }
        put(reading, &length, c);
    }
    if (quote != '\0') {
        if (reading->at == reading->end)
            reading->config->clear = false;
        else
            reading->at++;
    }
    if (reading->word_count < WORDS_MAX)
        reading->words[reading->word_count][length] = '\0';
    reading->word_count++;
}

static void start_over(struct config_parser *reading) {
    reading->word_count = 0;
    for (size_t i = 0; i < WORDS_MAX; i++)
        reading->words[i][0] = '\0';
}

static void skip_comment(struct config_parser *reading) {
    while (reading->at < reading->end && *reading->at != '\n')
        reading->at++;
}

/* One token, or one white space between them. */
static void step(struct config_parser *reading) {
    switch (*reading->at) {
    case ' ':
    case '\t':
    case '\r':
    case '\n': reading->at++; return;
    case '#': skip_comment(reading); return;
    case ';': take_directive(reading); break;
    case '{': open_block(reading); break;
    case '}': close_block(reading); break;
    default: take_word(reading); return;
    }
    reading->at++;
    start_over(reading);
}

void nginx_config_take(struct nginx_config *config, enum nginx_context context, const char *text,
                       size_t length) {
    struct config_parser reading = {
        .config = config,
        .at = text,
        .end = text + length,
        .context = context,
        .outer = context,
    };
    while (config->clear && reading.at < reading.end)
        step(&reading);
    if (reading.depth > 0 || reading.word_count > 0)
        config->clear = false;
}
