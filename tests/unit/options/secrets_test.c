/* Tests of which options are hidden, and which are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "options/secrets.h"

struct row {
    const char *given, *shown;
};

static void assert_shown(enum option_id id, const char *given, const char *wanted) {
    static const struct options options = {.hide = {2, {"x-session", "Server"}}};
    char *shown = secrets_shown(&options, id, given);
    assert_string_equal(shown, wanted);
    free(shown);
}

static void headers_of_known_secrets_and_of_hide_are_hidden(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"Authorization: Basic s3cret", "Authorization: ***"},
        {"pROXY-aUTHORIZATION: s3cret", "pROXY-aUTHORIZATION: ***"},
        {"Cookie: a=s3cret", "Cookie: ***"},
        {"Set-Cookie: a=s3cret", "Set-Cookie: ***"},
        {"X-Api-Key: s3cret", "X-Api-Key: ***"},
        {"X_API_KEY: s3cret", "X_API_KEY: ***"},
        {"x-auth-TOKEN: s3cret", "x-auth-TOKEN: ***"},
        {"Client-Secret: s3cret", "Client-Secret: ***"},
        {"Token: s3cret", "Token: ***"},
        {"X-Session: s3cret", "X-Session: ***"},
        {"SERVER: s3cret", "SERVER: ***"},
        {"Monkey: shown", "Monkey: shown"},
        {"X-Cookie: shown", "X-Cookie: shown"},
        {"X-Key-Id: shown", "X-Key-Id: shown"},
        {"Authorization:", "Authorization:"},
        {"Referer: http://e/?token=s3cret", "Referer: http://e/?token=***"},
        {"X-Path: /a?token=s3cret", "X-Path: /a?token=***"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_shown(ROW_header, rows[i].given, rows[i].shown);
}

static void other_options_are_shown_as_they_are(void **state) {
    (void)state;
    assert_shown(ROW_exec_at, "60s=nginx -s reload", "60s=nginx ***");
    assert_shown(ROW_exec_at, "60s=nginx", "60s=nginx");
    assert_shown(ROW_server_status, "e/status?auth=s3cret", "e/status?auth=***");
    assert_shown(ROW_label, "night?a=b /c?d=e", "night?a=b /c?d=e");
    assert_shown(ROW_hide, "X-Session", "X-Session");
}

static void a_plan_knows_whether_its_report_hides_anything(void **state) {
    (void)state;
    static struct options options;
    char url[] = "http://e/?a=***";
    url[9] = '\0';
    assert_false(secrets_any(&options, url));
    options.header = (struct option_text_list){1, {"X-A: b"}};
    assert_false(secrets_any(&options, url));
    options.header = (struct option_text_list){1, {"X-Api-Key: b"}};
    assert_true(secrets_any(&options, url));
    options.header.count = 0;
    options.exec_at = (struct option_text_list){1, {"1s=true x"}};
    assert_true(secrets_any(&options, url));
    options.exec_at.count = 0;
    options.server_status = "http://e/?a=b";
    assert_true(secrets_any(&options, url));
    options.server_status = NULL;
    url[9] = '?';
    assert_true(secrets_any(&options, url));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_known_secrets_and_of_hide_are_hidden),
        cmocka_unit_test(other_options_are_shown_as_they_are),
        cmocka_unit_test(a_plan_knows_whether_its_report_hides_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
