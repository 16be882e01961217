/* The page: three files, compiled in. */
#ifndef SERVE_PAGE_H
#define SERVE_PAGE_H

#include <stddef.h>

extern const char page_html[], page_js[];
extern const size_t page_html_length, page_js_length;
/* The report's own style sheet with the page's behind it; the caller frees; NULL: no memory. */
char *page_style(void);
size_t page_style_length(void);

#endif
