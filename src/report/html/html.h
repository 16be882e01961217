/* The HTML report: one file, without script and without a request to anywhere. */
#ifndef REPORT_HTML_HTML_H
#define REPORT_HTML_HTML_H

#include "report/export/writers.h"

report_writer report_html;

#endif
