/* Reads a case file (tests/cases/README.md): the facts it expects and its bytes. */
#ifndef CASE_FILE_H
#define CASE_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/http/response.h"

enum { CASE_ANSWERS_MAX = 8 };

struct case_answer {
    const char *method; /* GET, HEAD, unsolicited */
    const char *result;
    char *facts; /* the key=value pairs */
    size_t taken;
};

struct case_file {
    const char *name;
    struct case_answer answers[CASE_ANSWERS_MAX];
    size_t answer_count;
    unsigned char *bytes;
    size_t length;
};

/* What went wrong with a file of ours ends the test at once. */
static _Noreturn void case_fault(const struct case_file *file, const char *what) {
    fprintf(stderr, "%s: %s\n", file->name, what);
    exit(1);
}

static char *case_slurp(const char *path) {
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return NULL;
    enum { SIZE = 1 << 17 };
    char *text = calloc(1, SIZE);
    if (text != NULL && fread(text, 1, SIZE - 1, in) == 0)
        text[0] = '\0';
    fclose(in);
    return text;
}

/* One byte of text with its escape undone; moves *text behind it. */
static unsigned char case_byte(const char **text) {
    if (*(*text)++ != '\\')
        return (unsigned char)(*text)[-1];
    static const char letters[] = "rnt0\\{}", bytes[] = "\r\n\t\0\\{}";
    char letter = *(*text)++;
    if (letter == 'x') {
        char digits[3] = {(*text)[0], (*text)[1]};
        *text += 2;
        return (unsigned char)strtoul(digits, NULL, 16);
    }
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    if (found == NULL) {
        fprintf(stderr, "unknown escape \\%c\n", letter);
        exit(1);
    }
    return (unsigned char)bytes[found - letters];
}

static void case_add(struct case_file *file, unsigned char byte) {
    enum { SIZE = 1 << 18 };
    if (file->bytes == NULL)
        file->bytes = malloc(SIZE);
    if (file->bytes == NULL || file->length == SIZE)
        case_fault(file, "too long");
    file->bytes[file->length++] = byte;
}

/* Writes "{TEXT*N}", of which *text stands behind the brace. */
static void case_repeat(struct case_file *file, const char **text) {
    size_t start = file->length;
    while (**text != '*' && **text != '\0')
        case_add(file, case_byte(text));
    size_t unit = file->length - start;
    char *end;
    size_t times = strtoul(*text + 1, &end, 10);
    if (**text != '*' || *end != '}' || times == 0)
        case_fault(file, "a repeat is {TEXT*N}");
    for (size_t i = unit; i < unit * times; i++)
        case_add(file, file->bytes[start + i % unit]);
    *text = end + 1;
}

static void case_bytes(struct case_file *file, const char *text) {
    size_t marked = 0, start = 0;
    while (*text != '\0') {
        if (*text == '\n') {
            text++;
        } else if (strncmp(text, "{|}", 3) == 0) {
            if (marked == file->answer_count)
                case_fault(file, "a mark too many");
            file->answers[marked++].taken = file->length - start;
            start = file->length;
            text += 3;
        } else if (*text == '{') {
            text++;
            case_repeat(file, &text);
        } else {
            case_add(file, case_byte(&text));
        }
    }
    if (marked < file->answer_count)
        file->answers[marked].taken = file->length - start;
}

/* Splits "METHOD RESULT key=value..." in place. */
static void case_answer(struct case_file *file, char *line) {
    if (file->answer_count == CASE_ANSWERS_MAX)
        case_fault(file, "an answer too many");
    struct case_answer *answer = &file->answers[file->answer_count++];
    answer->method = strsep(&line, " ");
    answer->result = strsep(&line, " ");
    answer->facts = line;
    if (answer->result == NULL)
        case_fault(file, "an answer is METHOD RESULT key=value...");
}

static void case_parse(struct case_file *file, char *text) {
    char *facts = strstr(text, "\n\n");
    char *bytes = facts == NULL ? NULL : strstr(facts + 2, "\n\n");
    if (bytes == NULL)
        case_fault(file, "a case has three paragraphs");
    *bytes = '\0';
    for (char *rest = facts + 2, *line; (line = strsep(&rest, "\n")) != NULL;)
        case_answer(file, line);
    case_bytes(file, bytes + 2);
}

static enum reason case_reason(const char *name) {
    static const char *const names[] = {
#define REASON(name, text) #name,
#include "base/reasons.def"
#undef REASON
    };
    int reason = 0;
    while (reason < REASON_COUNT && strcmp(names[reason], name) != 0)
        reason++;
    return (enum reason)reason;
}

static void case_text(char *to, const char *value) {
    while (*value != '\0')
        *to++ = (char)case_byte(&value);
    *to = '\0';
}

static bool case_fact(struct response *response, struct exchange_kept *headers, const char *key,
                      const char *value) {
    struct exchange_answer *facts = &response->facts;
    bool yes = strcmp(value, "yes") == 0;
    unsigned long long number = strtoull(value, NULL, 10);
    if (strcmp(key, "status") == 0)
        facts->status = (uint16_t)number;
    else if (strcmp(key, "minor") == 0)
        facts->minor = (uint8_t)number;
    else if (strcmp(key, "interim") == 0)
        facts->interim = (uint8_t)number;
    else if (strcmp(key, "end") == 0)
        facts->announced_end = yes;
    else if (strcmp(key, "body") == 0)
        facts->body_bytes = number;
    else if (strcmp(key, "timeout") == 0)
        facts->keep_alive_timeout_s = (int32_t)number;
    else if (strcmp(key, "max") == 0)
        facts->keep_alive_max = (int32_t)number;
    else if (strcmp(key, "server") == 0)
        case_text(headers->server, value);
    else if (strcmp(key, "keep_alive") == 0)
        case_text(headers->keep_alive, value);
    else if (strcmp(key, "reason") == 0)
        response->reason = case_reason(value);
    else if (strcmp(key, "started") == 0)
        response->started = yes;
    else
        return false;
    return response->reason < REASON_COUNT;
}

/* The facts that a line expects, as the reader would have them. */
static void case_facts(const struct case_file *file, const struct case_answer *answer,
                       struct response *response, struct exchange_kept *headers) {
    *headers = (struct exchange_kept){.server = ""};
    *response = (struct response){.head = strcmp(answer->method, "HEAD") == 0, .started = true};
    response->complete = strncmp(answer->result, "complete", 8) == 0;
    response->facts =
        (struct exchange_answer){.minor = 1, .keep_alive_timeout_s = -1, .keep_alive_max = -1};
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", answer->facts == NULL ? "" : answer->facts);
    char *rest = copy;
    for (char *value, *key; (value = strsep(&rest, " ")) != NULL;) {
        key = strsep(&value, "=");
        if (*key != '\0' && (value == NULL || !case_fact(response, headers, key, value)))
            case_fault(file, key);
    }
}

static void case_read(const char *folder, const char *name,
                      void (*check)(const struct case_file *file)) {
    struct case_file file = {.name = name};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = case_slurp(path);
    if (text == NULL)
        case_fault(&file, "cannot be read");
    case_parse(&file, text);
    check(&file);
    free(file.bytes);
    free(text);
}

/* Shows each case of a folder to check, and returns how many there are. */
static size_t case_files(const char *folder, void (*check)(const struct case_file *file)) {
    size_t count = 0;
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".case") == 0) {
            case_read(folder, entry->d_name, check);
            count++;
        }
    }
    closedir(listing);
    return count;
}

#endif
