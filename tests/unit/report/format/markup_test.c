/* Text from outside stays text inside XML and HTML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/format/markup.h"

static void assert_written(const char *text, const char *expected) {
    char *written = NULL;
    size_t length;
    FILE *out = open_memstream(&written, &length);
    markup_text(out, text);
    fclose(out);
    assert_string_equal(written, expected);
    free(written);
}

#define REPLACED "\xef\xbf\xbd"

static void what_markup_is_made_of_becomes_references(void **state) {
    (void)state;
    assert_written("<script>alert(\"x\" & 'y')</script>",
                   "&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;");
    assert_written("10 \xc2\xb5s \xe2\x9c\x93 \xf0\x9f\x9a\x80",
                   "10 \xc2\xb5s \xe2\x9c\x93 \xf0\x9f\x9a\x80");
    assert_written(NULL, "");
}

static void what_neither_takes_is_replaced(void **state) {
    (void)state;
    assert_written("a\tb\nc", "a\tb\nc");
    assert_written("\x01\x1b[31m\r\x7f", REPLACED REPLACED "[31m" REPLACED REPLACED);
    assert_written("\xc2\x85", REPLACED);
    assert_written("\xef\xbf\xbe \xef\xb7\x90 \xf0\x9f\xbf\xbf",
                   REPLACED " " REPLACED " " REPLACED);
    assert_written("\xff\xc3(", REPLACED REPLACED "(");
}

static void a_stream_escapes_what_is_written_to_it(void **state) {
    (void)state;
    char *written = NULL;
    size_t length;
    FILE *out = open_memstream(&written, &length);
    FILE *escaped = markup_stream(out);
    assert_non_null(escaped);
    fprintf(escaped, "{\"server\": \"<b> & \xc2\xb5\"}");
    assert_int_equal(fclose(escaped), 0);
    fputs("<hr>", out);
    fclose(out);
    assert_string_equal(written, "{\"server\": \"&lt;b&gt; &amp; \xc2\xb5\"}<hr>");
    free(written);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_markup_is_made_of_becomes_references),
        cmocka_unit_test(what_neither_takes_is_replaced),
        cmocka_unit_test(a_stream_escapes_what_is_written_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
