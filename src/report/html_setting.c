/* The HTML report's end: plan, target, environment and generator as the JSON report has them, and
 * that itself.
 */
#include <errno.h>
#include <stdlib.h>

#include "report/html.h"
#include "report/markup.h"
#include "report/saved_value.h"
#include "report/sections.h"

static void write_value(const struct page *page, const struct json_t *value) {
    char number[32];
    const char *written = value_written(value, number);
    if (value_is_list(value)) {
        for (size_t i = 0; i < value_size(value); i++) {
            if (i > 0)
                fputs(", ", page->out);
            write_value(page, value_at(value, i));
        }
        return;
    }
    html_text(page, written != NULL ? written : "");
}

/* null is what was not asked for, or not measured: left out. */
static void write_members(const struct page *page, const struct json_t *object) {
    struct value_step member = {0};
    while (value_next(object, &member)) {
        bool empty = value_is_null(member.value) ||
                     (value_is_list(member.value) && value_size(member.value) == 0);
        if (empty)
            continue;
        fputs("<tr><td class=\"k soft\">", page->out);
        html_text(page, member.name);
        fputs("</td><td class=\"v\">", page->out);
        write_value(page, member.value);
        fputs("</td></tr>\n", page->out);
    }
}

static void write_table(const struct page *page, const char *title, const char *name,
                        const struct json_t *document) {
    fprintf(page->out, "<section>\n<h3>%s</h3>\n<table>\n", title);
    write_members(page, value_member(document, name));
    fputs("</table>\n</section>\n", page->out);
}

/* The sections of the JSON report that say it, read back. */
static struct json_t *setting_of(const struct page *page) {
    char *text = NULL;
    size_t length;
    struct json json;
    struct value_fault fault;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return NULL;
    json_begin(&json, out, false);
    json_object(&json);
    section_plan(&json, page->plan);
    section_target(&json, page->plan, &page->judgement->target);
    section_environment(&json, &page->plan->host);
    if (page->record != NULL)
        section_generator(&json, page->record, FORM_LINE);
    json_object_end(&json);
    json_end(&json);
    fclose(out);
    struct json_t *document = text != NULL ? value_parse(text, length, &fault) : NULL;
    free(text);
    return document;
}

static int write_json(const struct page *page) {
    fputs("<details>\n<summary>The JSON report</summary>\n<pre>", page->out);
    FILE *escaped = markup_stream(page->out);
    int error =
        escaped != NULL ? report_json(escaped, page->plan, page->record, page->judgement) : -ENOMEM;
    if (escaped != NULL)
        fclose(escaped);
    fputs("</pre>\n</details>\n", page->out);
    return error;
}

int html_setting(const struct page *page) {
    struct json_t *document = setting_of(page);
    if (document == NULL)
        return -ENOMEM;
    fputs("<h2>Plan and environment</h2>\n<div class=\"pair\">\n", page->out);
    write_table(page, "Plan", "plan", document);
    fputs("<div>\n", page->out);
    write_table(page, "Target", "target", document);
    write_table(page, "Environment", "environment", document);
    if (page->record != NULL)
        write_table(page, "Generator", "generator", document);
    fputs("</div>\n</div>\n", page->out);
    value_free(document);
    return write_json(page);
}
