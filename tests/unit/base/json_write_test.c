/* What the JSON writer writes is JSON, whatever it is given. */
#include "base/expect_bug.h"

#include <float.h>
#include <math.h>

#include "base/json_write.h"

static char *text;
static size_t size;
static struct json_writer json;

static void begin(bool pretty) {
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    json_write_begin(&json, out, pretty);
}

static void check(const char *expected) {
    json_write_end(&json);
    fclose(json.out);
    assert_string_equal(text, expected);
    free(text);
}

static void commas_and_names_fall_into_place(void **state) {
    (void)state;
    begin(false);
    json_write_object(&json);
    json_write_int_member(&json, "a", -1);
    json_write_name(&json, "b");
    json_write_array(&json);
    json_write_bool(&json, true);
    json_write_null(&json);
    json_write_object(&json);
    json_write_object_end(&json);
    json_write_array(&json);
    json_write_array_end(&json);
    json_write_array_end(&json);
    json_write_string_member(&json, "c", "x");
    json_write_bool_member(&json, "d", false);
    json_write_null_member(&json, "e");
    json_write_number_member(&json, "f", 0.5);
    json_write_uint_member(&json, "g", UINT64_MAX);
    json_write_object_end(&json);
    check("{\"a\":-1,\"b\":[true,null,{},[]],\"c\":\"x\",\"d\":false,\"e\":null,\"f\":0.5,"
          "\"g\":18446744073709551615}\n");
}

static void a_bare_value_is_a_document(void **state) {
    (void)state;
    begin(false);
    json_write_int(&json, INT64_MIN);
    check("-9223372036854775808\n");
    begin(true);
    json_write_string(&json, NULL);
    check("null\n");
}

static void pretty_breaks_lines_down_to_the_second_level(void **state) {
    (void)state;
    begin(true);
    json_write_object(&json);
    json_write_int_member(&json, "a", 1);
    json_write_name(&json, "b");
    json_write_object(&json);
    json_write_int_member(&json, "c", 2);
    json_write_name(&json, "d");
    json_write_array(&json);
    json_write_int(&json, 3);
    json_write_object(&json);
    json_write_int_member(&json, "e", 4);
    json_write_int_member(&json, "f", 5);
    json_write_object_end(&json);
    json_write_array_end(&json);
    json_write_object_end(&json);
    json_write_name(&json, "g");
    json_write_array(&json);
    json_write_array_end(&json);
    json_write_object_end(&json);
    check("{\n"
          "  \"a\": 1,\n"
          "  \"b\": {\n"
          "    \"c\": 2,\n"
          "    \"d\": [3, {\"e\": 4, \"f\": 5}]\n"
          "  },\n"
          "  \"g\": []\n"
          "}\n");
}

static void check_string(const char *value, const char *expected) {
    begin(false);
    json_write_array(&json);
    json_write_string(&json, value);
    json_write_array_end(&json);
    check(expected);
}

static void quotes_backslashes_and_controls_are_escaped(void **state) {
    (void)state;
    check_string("a\"b\\c/d", "[\"a\\\"b\\\\c/d\"]\n");
    check_string("\n\r\t", "[\"\\n\\r\\t\"]\n");
    check_string("\x01\x1f\x7f\xc2\x9b", "[\"\\u0001\\u001f\\u007f\\u009b\"]\n");
    begin(false);
    json_write_object(&json);
    json_write_null_member(&json, "\"\n");
    json_write_object_end(&json);
    check("{\"\\\"\\n\":null}\n");
}

static void utf8_passes_and_other_bytes_become_replacement_characters(void **state) {
    (void)state;
    check_string("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                 "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]\n");
    check_string("a\xff"
                 "b",
                 "[\"a\xef\xbf\xbd"
                 "b\"]\n");
    check_string("\xed\xa0\x80", "[\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]\n");
    check_string("\xe2\x82", "[\"\xef\xbf\xbd\xef\xbf\xbd\"]\n");
}

static void check_number(double value, const char *expected) {
    begin(false);
    json_write_number(&json, value);
    check(expected);
}

static void numbers_are_the_shortest_that_read_back(void **state) {
    (void)state;
    check_number(0, "0\n");
    check_number(0.1, "0.1\n");
    check_number(99.97, "99.97\n");
    check_number(0.1 + 0.2, "0.30000000000000004\n");
    check_number(1.0 / 3, "0.3333333333333333\n");
    check_number(-12.5, "-12.5\n");
    check_number(1e300, "1e+300\n");
    check_number(1e6, "1000000\n");
    check_number(DBL_TRUE_MIN, "4.94065645841247e-324\n");
}

static void what_is_not_finite_is_null(void **state) {
    (void)state;
    check_number(NAN, "null\n");
    check_number(INFINITY, "null\n");
    check_number(-INFINITY, "null\n");
}

static void begin_misuse(void) {
    json_write_begin(&json, stderr, false);
}

static void value_without_name(void) {
    begin_misuse();
    json_write_object(&json);
    json_write_int(&json, 1);
}

static void name_in_array(void) {
    begin_misuse();
    json_write_array(&json);
    json_write_name(&json, "a");
}

static void name_without_value(void) {
    begin_misuse();
    json_write_object(&json);
    json_write_name(&json, "a");
    json_write_object_end(&json);
}

static void wrong_end(void) {
    begin_misuse();
    json_write_array(&json);
    json_write_object_end(&json);
}

static void end_too_often(void) {
    begin_misuse();
    json_write_array(&json);
    json_write_array_end(&json);
    json_write_array_end(&json);
}

static void left_open(void) {
    begin_misuse();
    json_write_array(&json);
    json_write_end(&json);
}

static void two_documents(void) {
    begin_misuse();
    json_write_null(&json);
    json_write_null(&json);
}

static void no_document(void) {
    begin_misuse();
    json_write_end(&json);
}

static void too_deep(void) {
    begin_misuse();
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        json_write_array(&json);
}

static void what_would_not_be_json_is_a_bug(void **state) {
    (void)state;
    expect_bug(value_without_name, NULL, 0);
    expect_bug(name_in_array, NULL, 0);
    expect_bug(name_without_value, NULL, 0);
    expect_bug(wrong_end, NULL, 0);
    expect_bug(end_too_often, NULL, 0);
    expect_bug(left_open, NULL, 0);
    expect_bug(two_documents, NULL, 0);
    expect_bug(no_document, NULL, 0);
    expect_bug(too_deep, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_names_fall_into_place),
        cmocka_unit_test(a_bare_value_is_a_document),
        cmocka_unit_test(pretty_breaks_lines_down_to_the_second_level),
        cmocka_unit_test(quotes_backslashes_and_controls_are_escaped),
        cmocka_unit_test(utf8_passes_and_other_bytes_become_replacement_characters),
        cmocka_unit_test(numbers_are_the_shortest_that_read_back),
        cmocka_unit_test(what_is_not_finite_is_null),
        cmocka_unit_test(what_would_not_be_json_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
