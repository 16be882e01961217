/* Text on the page of the HTML report: all of it is escaped. */
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
