/* The end of the HTML report: plan, target, environment and generator, each member of these
 * sections of the JSON report in a row; and that report itself, folded. */
#include <errno.h>
#include <string.h>

#include "report/export/json_sections.h"
#include "report/export/writers.h"
#include "report/format/markup.h"
#include "report/html/page.h"

struct member_table {
    const struct html_page *page;
    char name[64]; /* of the row that is open; "": none */
};

static void close_row(struct member_table *table) {
    if (table->name[0] != '\0')
        fputs("</td></tr>\n", table->page->out);
    table->name[0] = '\0';
}

/* null is what was not asked for, or not measured: left out. The items of a list share a row. */
static void take_value(void *context, const char *name, const char *text) {
    struct member_table *table = context;
    if (text == NULL)
        return;
    if (strcmp(table->name, name) == 0) {
        fputs(", ", table->page->out);
    } else {
        close_row(table);
        snprintf(table->name, sizeof table->name, "%s", name);
        fputs("<tr><td class=\"k soft\">", table->page->out);
        html_text(table->page, name);
        fputs("</td><td class=\"v\">", table->page->out);
    }
    html_text(table->page, text);
}

enum section { SECTION_PLAN, SECTION_TARGET, SECTION_ENVIRONMENT, SECTION_GENERATOR };

static void visit_section(struct json_writer *json, const struct html_page *page,
                          enum section section) {
    switch (section) {
    case SECTION_PLAN: json_section_plan(json, page->plan, page->judgement->setup); break;
    case SECTION_TARGET:
        json_section_target(json, page->plan, page->judgement->setup, &page->judgement->target);
        break;
    case SECTION_ENVIRONMENT: json_section_environment(json, &page->plan->host); break;
    case SECTION_GENERATOR: json_section_generator(json, page->record, FORM_LINE); break;
    }
}

static void write_table(const struct html_page *page, const char *title, enum section section) {
    struct member_table table = {.page = page};
    const struct json_visitor visitor = {take_value, &table};
    struct json_writer json;
    fprintf(page->out, "<section>\n<h3>%s</h3>\n<table>\n", title);
    json_write_visit(&json, &visitor);
    json_write_object(&json);
    visit_section(&json, page, section);
    json_write_object_end(&json);
    json_write_end(&json);
    close_row(&table);
    fputs("</table>\n</section>\n", page->out);
}

static int write_json(const struct html_page *page) {
    fputs("<details>\n<summary>The JSON report</summary>\n<pre>", page->out);
    FILE *escaped = markup_stream(page->out);
    int error =
        escaped != NULL ? report_json(escaped, page->plan, page->record, page->judgement) : -ENOMEM;
    if (escaped != NULL)
        fclose(escaped);
    fputs("</pre>\n</details>\n", page->out);
    return error;
}

int html_setting(const struct html_page *page) {
    fputs("<h2>Plan and environment</h2>\n<div class=\"pair\">\n", page->out);
    write_table(page, "Plan", SECTION_PLAN);
    fputs("<div>\n", page->out);
    write_table(page, "Target", SECTION_TARGET);
    write_table(page, "Environment", SECTION_ENVIRONMENT);
    if (page->record != NULL)
        write_table(page, "Generator", SECTION_GENERATOR);
    fputs("</div>\n</div>\n", page->out);
    return write_json(page);
}
