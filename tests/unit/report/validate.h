/* Documents held against their schemas, by the scripts that the end-to-end tests use too. */
#ifndef TESTS_REPORT_VALIDATE_H
#define TESTS_REPORT_VALIDATE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file of its own under /tmp; the caller unlinks it. */
static inline void validate_write(char *path, const char *text) {
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fputs(text, file);
    fclose(file);
}

/* Exit code of `python3 TESTS/script SCHEMA DOCUMENT`. */
static inline int validate_with(const char *script, void (*print_schema)(FILE *out),
                                const char *document) {
    char schema_path[] = "/tmp/holdfast-schema-XXXXXX",
         document_path[] = "/tmp/holdfast-json-XXXXXX";
    char command[1024], *schema = NULL;
    size_t length;
    FILE *out = open_memstream(&schema, &length);
    print_schema(out);
    fclose(out);
    validate_write(schema_path, schema);
    validate_write(document_path, document);
    snprintf(command, sizeof command, "python3 %s/%s %s %s", TEST_SOURCE_DIR, script, schema_path,
             document_path);
    int status = system(command);
    unlink(schema_path);
    unlink(document_path);
    free(schema);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline bool can_validate(void) {
    return system("python3 -c 'import jsonschema' 2>/dev/null") == 0;
}

#endif
