/* Text and cells on the page of the HTML report: all text is escaped. */
#include "report/html/page.h"

#include <stdarg.h>

#include "report/format/markup.h"

void html_text(const struct html_page *page, const char *text) {
    markup_text(page->out, text);
}

void html_format(const struct html_page *page, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    markup_text(page->out, text);
}

void html_cell_begin(const struct html_page *page, const char *class, const char *label) {
    fprintf(page->out, "<td class=\"%s\"", class);
    if (label != NULL)
        fprintf(page->out, " data-label=\"%s\"", label);
    fputc('>', page->out);
}

void html_cell(const struct html_page *page, const char *class, const char *label,
               const char *text) {
    html_cell_begin(page, class, label);
    html_text(page, text);
    fputs("</td>", page->out);
}
