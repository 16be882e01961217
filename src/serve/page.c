/* The style sheet of the page is the report's, and what only the page has. */
#include "serve/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/html/page.h"

extern const char page_css[];
extern const size_t page_css_length;

size_t page_style_length(void) {
    return strlen(html_style) + page_css_length;
}

char *page_style(void) {
    char *text = malloc(page_style_length() + 1);
    if (text != NULL)
        snprintf(text, page_style_length() + 1, "%s%s", html_style, page_css);
    return text;
}
