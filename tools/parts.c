/* Prints what holdfast has of others, from parts.def: docs/parts.md for tools/generate-docs, or an
 * SPDX 2.3 document of this build. Usage: parts markdown parts spdx CREATED     (CREATED: seconds
 * since 1970, the document's date) */
#include <jansson.h>
#include <llhttp.h>
#include <openssl/opensslv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "base/json_write.h"
#include "base/version.h"

#define TEXT_OF(value) #value
#define TEXT(value)    TEXT_OF(value)
#define PARTS_LLHTTP                                                                               \
    TEXT(LLHTTP_VERSION_MAJOR) "." TEXT(LLHTTP_VERSION_MINOR) "." TEXT(LLHTTP_VERSION_PATCH)
#define PARTS_GLIBC TEXT(__GLIBC__) "." TEXT(__GLIBC_MINOR__)

enum linked { IN, RUN, NOT };

struct part {
    const char *name, *least, *version, *licence, *copyright, *home;
    enum linked linked, now;
    const char *symbol, *use;
};

static const struct part parts[] = {
#define PART(name, least, version, licence, copyright, home, linked, now, symbol, use)             \
    {name, least, version, licence, copyright, home, linked, now, symbol, use},
#include "parts.def"
#undef PART
};
enum { PARTS = sizeof parts / sizeof *parts };

/* --- the page --- */

static void print_markdown(void) {
    puts(
        "<!-- Generated from tools/parts.def by tools/generate-docs: do not edit. -->\n"
        "# Parts of others\n\n"
        "What the program has that is not ours. *In the program*: linked in where the system has a "
        "static library or the\n"
        "sources of it, as Debian has. No source of theirs is in this tree. Each build writes the "
        "same list with its\n"
        "versions as an SPDX 2.3 document, which is installed as "
        "`share/doc/holdfast/holdfast.spdx.json`.\n\n"
        "| part | from version | licence | where | what for |\n|---|---|---|---|---|");
    for (const struct part *part = parts; part < parts + PARTS; part++)
        printf("| [%s](%s) | %s | %s | %s | %s |\n", part->name, part->home, part->least,
               part->licence, part->linked == IN ? "in the program" : part->symbol, part->use);
}

/* --- SPDX --- */

static void identify(char id[static 64], const char *name) {
    size_t length = (size_t)snprintf(id, 64, "SPDXRef-%s", name);
    for (size_t i = 0; i < length; i++)
        if (id[i] == ' ')
            id[i] = '-';
}

/* Nobody has looked at each file: what the project declares is what is told. */
static void write_package(struct json_writer *json, const struct part *part) {
    char id[64], copyright[128];
    identify(id, part->name);
    snprintf(copyright, sizeof copyright, "Copyright %s", part->copyright);
    json_write_object(json);
    json_write_string_member(json, "SPDXID", id);
    json_write_string_member(json, "name", part->name);
    if (part->version[0] != '\0')
        json_write_string_member(json, "versionInfo", part->version);
    json_write_string_member(json, "downloadLocation", "NOASSERTION");
    if (part->home[0] != '\0')
        json_write_string_member(json, "homepage", part->home);
    json_write_bool_member(json, "filesAnalyzed", false);
    json_write_string_member(json, "licenseConcluded", "NOASSERTION");
    json_write_string_member(json, "licenseDeclared", part->licence);
    json_write_string_member(json, "copyrightText", copyright);
    json_write_object_end(json);
}

static void write_relationship(struct json_writer *json, const char *from, const char *type,
                               const char *name) {
    char id[64];
    identify(id, name);
    json_write_object(json);
    json_write_string_member(json, "spdxElementId", from);
    json_write_string_member(json, "relationshipType", type);
    json_write_string_member(json, "relatedSpdxElement", id);
    json_write_object_end(json);
}

static void write_creation(struct json_writer *json, time_t created) {
    char when[32];
    struct tm utc;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&created, &utc));
    json_write_name(json, "creationInfo");
    json_write_object(json);
    json_write_string_member(json, "created", when);
    json_write_name(json, "creators");
    json_write_array(json);
    json_write_string(json, "Organization: the holdfast authors");
    json_write_string(json, "Tool: holdfast-parts");
    json_write_array_end(json);
    json_write_object_end(json);
}

static void write_document(struct json_writer *json, time_t created) {
    char name[128], where[256];
    snprintf(name, sizeof name, "holdfast-%s", version_string);
    snprintf(where, sizeof where, "https://spdx.org/spdxdocs/%s-%s", name, version_commit);
    json_write_string_member(json, "spdxVersion", "SPDX-2.3");
    json_write_string_member(json, "dataLicense", "CC0-1.0");
    json_write_string_member(json, "SPDXID", "SPDXRef-DOCUMENT");
    json_write_string_member(json, "name", name);
    json_write_string_member(json, "documentNamespace", where);
    write_creation(json, created);
}

static void print_spdx(time_t created) {
    const struct part ours = {
        "holdfast", "", version_string, "MIT", "2026 the holdfast authors", "", IN, IN, "", ""};
    struct json_writer json;
    json_write_begin(&json, stdout, true);
    json_write_object(&json);
    write_document(&json, created);
    json_write_name(&json, "packages");
    json_write_array(&json);
    write_package(&json, &ours);
    for (const struct part *part = parts; part < parts + PARTS; part++)
        if (part->now != NOT)
            write_package(&json, part);
    json_write_array_end(&json);
    json_write_name(&json, "relationships");
    json_write_array(&json);
    write_relationship(&json, "SPDXRef-DOCUMENT", "DESCRIBES", "holdfast");
    for (const struct part *part = parts; part < parts + PARTS; part++)
        if (part->now != NOT)
            write_relationship(&json, "SPDXRef-holdfast",
                               part->now == IN ? "STATIC_LINK" : "DYNAMIC_LINK", part->name);
    json_write_array_end(&json);
    json_write_object_end(&json);
    json_write_end(&json);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "markdown") == 0)
        print_markdown();
    else if (argc == 3 && strcmp(argv[1], "spdx") == 0)
        print_spdx((time_t)strtoll(argv[2], NULL, 10));
    else
        return 2;
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
