/* Documents held against their schemas, by the scripts that the end-to-end tests use too, in one
 * process for all of a test's documents. */
#ifndef TESTS_REPORT_VALIDATE_H
#define TESTS_REPORT_VALIDATE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* validator.py: it ends when its socket does. */
struct validator {
    FILE *questions, *answers;
    bool ready;
};

static inline struct validator validate_start(void) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pair[1], STDIN_FILENO);
        dup2(pair[1], STDOUT_FILENO);
        execlp("python3", "python3", TEST_SOURCE_DIR "/unit/report/validator.py", (char *)NULL);
        _exit(127);
    }
    close(pair[1]);
    struct validator validator = {.questions = fdopen(dup(pair[0]), "w"),
                                  .answers = fdopen(pair[0], "r")};
    char line[16];
    validator.ready =
        fgets(line, sizeof line, validator.answers) != NULL && strcmp(line, "ready\n") == 0;
    return validator;
}

static inline struct validator *validate_by(void) {
    static struct validator validator;
    if (validator.answers == NULL)
        validator = validate_start();
    return &validator;
}

/* Where there is no jsonschema, or no python3 at all, it cannot. */
static inline bool can_validate(void) {
    return validate_by()->ready;
}

/* A file of its own under /tmp; the caller unlinks it. */
static inline void validate_write(char *path, const char *text) {
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fputs(text, file);
    fclose(file);
}

/* Exit code of the script for this schema and document: "validate_report" or "strict_schema". */
static inline int validate_with(const char *script, void (*print_schema)(FILE *out),
                                const char *document) {
    struct validator *validator = validate_by();
    char schema_path[] = "/tmp/holdfast-schema-XXXXXX",
         document_path[] = "/tmp/holdfast-json-XXXXXX";
    char answer[16] = "-1", *schema = NULL;
    size_t length;
    FILE *out = open_memstream(&schema, &length);
    print_schema(out);
    fclose(out);
    validate_write(schema_path, schema);
    validate_write(document_path, document);
    fprintf(validator->questions, "%s %s %s\n", script, schema_path, document_path);
    fflush(validator->questions);
    assert_non_null(fgets(answer, sizeof answer, validator->answers));
    unlink(schema_path);
    unlink(document_path);
    free(schema);
    return atoi(answer);
}

#endif
