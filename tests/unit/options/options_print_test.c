/* What is printed of the options: help, page, report; and values that read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "options/options_row.h"

enum { PRINTED_MAX = 1 << 16 };

static char printed[PRINTED_MAX];
static char error[OPTIONS_ERROR_MAX];
static const struct refuse_buffer to = {error, sizeof error};

static FILE *print_begin(void) {
    memset(printed, 0, sizeof printed);
    FILE *out = fmemopen(printed, sizeof printed - 1, "w");
    assert_non_null(out);
    return out;
}

static void the_help_lists_every_row_of_its_command_and_no_other(void **state) {
    (void)state;
    static const enum option_command commands[] = {COMMAND_RUN, COMMAND_CHECK, COMMAND_TARGET,
                                                   COMMAND_DEMO};
    for (size_t i = 0; i < 4; i++) {
        FILE *out = print_begin();
        options_print_help(out, commands[i]);
        fclose(out);
        for (size_t j = 0; j < OPTION_ROWS; j++) {
            const struct option_row *row = &option_rows[j];
            char entry[64], letter[8] = "    ";
            if (row->letter != 0)
                snprintf(letter, sizeof letter, "-%c, ", row->letter);
            snprintf(entry, sizeof entry, "\n  %s--%s ", letter, option_name(row).text);
            bool listed = strstr(printed, entry) != NULL;
            assert_int_equal(listed, (row->commands & commands[i]) != 0);
        }
        assert_non_null(strstr(printed, "\n  -h, --help "));
        assert_non_null(strstr(printed, "\n  -V, --version "));
        assert_non_null(strstr(printed, "\nExit codes:\n  0    "));
        assert_non_null(strstr(printed, "\n  130  second "));
        if ((commands[i] & COMMAND_LOAD) == 0)
            continue;
        assert_non_null(strstr(printed, "(default 60s; 0..365d)"));
        assert_non_null(strstr(printed, "\nExit codes:\n  0    held"));
    }
}

/* The last title above the row's entry is its group's. */
static void an_option_stands_under_the_title_of_its_group(void **state) {
    (void)state;
    for (enum option_command command = COMMAND_RUN; command <= COMMAND_DEMO; command *= 2) {
        FILE *out = print_begin();
        options_print_help(out, command);
        fclose(out);
        for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
            char entry[64], title[64];
            if ((row->commands & command) == 0)
                continue;
            snprintf(entry, sizeof entry, "--%s", option_name(row).text);
            snprintf(title, sizeof title, "\n\n%s:\n", option_group_titles[row->group]);
            const char *at = strstr(printed, title);
            assert_non_null(at);
            const char *next = strstr(at + strlen(title), "\n\n");
            at = strstr(at, entry);
            assert_true(at != NULL && at < next);
        }
    }
}

static void the_help_of_a_command_does_not_speak_of_others(void **state) {
    (void)state;
    FILE *out = print_begin();
    options_print_help(out, COMMAND_TARGET);
    fclose(out);
    assert_non_null(strstr(printed, "5 bytes unless given"));
    assert_null(strstr(printed, "Content-Length is added"));
    out = print_begin();
    options_print_help(out, COMMAND_CAPACITY);
    fclose(out);
    assert_non_null(strstr(printed, " largest number of "));
}

static void no_line_of_the_help_is_wider_than_80_columns(void **state) {
    (void)state;
    FILE *out = print_begin();
    options_print_help(out, COMMAND_RUN);
    options_print_help(out, COMMAND_CHECK);
    options_print_help(out, COMMAND_CAPACITY);
    options_print_help(out, COMMAND_TARGET);
    options_print_help(out, COMMAND_DEMO);
    options_print_help(out, COMMAND_SERVE);
    fclose(out);
    for (const char *line = printed; *line != '\0';) {
        size_t width = strcspn(line, "\n");
        assert_true(width <= 80);
        assert_true(width == 0 || line[width - 1] != ' ');
        line += width + 1;
    }
}

static void the_page_of_options_is_up_to_date(void **state) {
    (void)state;
    FILE *out = print_begin();
    options_print_markdown(out);
    fclose(out);
    static char page[PRINTED_MAX];
    FILE *file = fopen(TEST_SOURCE_DIR "/../docs/options.md", "r");
    assert_non_null(file);
    assert_true(fread(page, 1, sizeof page - 1, file) > 0);
    fclose(file);
    assert_string_equal(printed, page); /* else: tools/generate-docs */
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        char name[OPTION_NAME_MAX + 4];
        snprintf(name, sizeof name, "`--%s", option_name(&option_rows[i]).text);
        assert_non_null(strstr(page, name));
    }
}

/* A value of the row, drawn anew each time, as a user may write it. */
static const char *draw(const struct option_row *row, struct random *random, char text[static 64]) {
    uint64_t value = random_between(random, row->low, row->high);
    uint64_t less = random_between(random, row->low, value);
    switch (row->kind) {
    case KIND_count: snprintf(text, 64, "%llu", (unsigned long long)value); break;
    case KIND_duration: snprintf(text, 64, "%lluns", (unsigned long long)value); break;
    case KIND_interval:
        if (random_next(random) % 4 == 0) {
            snprintf(text, 64, "exp:%lluns", (unsigned long long)value + 1);
            break;
        }
        /* fall through */
    case KIND_span:
        snprintf(text, 64, "%lluns..%lluns", (unsigned long long)less, (unsigned long long)value);
        break;
    case KIND_reconnect:
        if (random_next(random) % 4 == 0)
            return "never";
        snprintf(text, 64, "backoff=%lluns..%lluns", (unsigned long long)less,
                 (unsigned long long)value);
        break;
    case KIND_frequency:
        snprintf(text, 64, "%llu.%06llu", (unsigned long long)(value / FREQUENCY_ONE),
                 (unsigned long long)(value % FREQUENCY_ONE));
        break;
    case KIND_rate:
        snprintf(text, 64, "%llu/%lluus", (unsigned long long)value,
                 (unsigned long long)random_between(random, 1000, 3600000000));
        break;
    case KIND_flag: return random_next(random) % 2 == 0 ? "true" : "false";
    case KIND_ui: return option_ui_names[random_next(random) % 3];
    case KIND_color: return option_color_names[random_next(random) % 3];
    case KIND_sequence: return option_sequence_names[random_next(random) % 2];
    case KIND_loss: return option_loss_names[random_next(random) % 2];
    case KIND_engine: return option_engine_names[random_next(random) % 3];
    case KIND_resume: return option_resume_names[random_next(random) % 3];
    case KIND_text:
        return row->id == ROW_connect_to                          ? "[::1]:80"
               : row->id == ROW_server_status                     ? "http://e/s"
               : row->id == ROW_metrics                           ? "[::1]:9180"
               : row->id == ROW_remote                            ? "ssh {host}"
               : row->id == ROW_tls_min || row->id == ROW_tls_max ? "1.2"
                                                                  : "TEXT";
    case KIND_headers: return "A: b";
    case KIND_list: return row->id == ROW_resolve ? "e:80:::1" : "a";
    case KIND_source:
        return random_next(random) % 2 == 0 ? "auto" : "127.0.0.2-127.0.0.9,10.0.0.0/24";
    case KIND_rules: return "lost<=0";
    case KIND_shard:
        snprintf(text, 64, "%llu/%llu", (unsigned long long)less, (unsigned long long)value);
        break;
    case KIND_wall_time: snprintf(text, 64, "+%lluns", (unsigned long long)value); break;
    }
    return text;
}

static size_t field_size(const struct option_row *row) {
    switch (row->kind) {
    case KIND_count: return sizeof(option_count);
    case KIND_rate: return sizeof(option_rate);
    case KIND_frequency: return sizeof(option_frequency);
    case KIND_duration: return sizeof(option_duration);
    case KIND_span: return sizeof(option_span);
    case KIND_interval: return sizeof(option_interval);
    case KIND_flag: return sizeof(option_flag);
    case KIND_ui: return sizeof(option_ui);
    case KIND_color: return sizeof(option_color);
    case KIND_sequence: return sizeof(option_sequence);
    case KIND_loss: return sizeof(option_loss);
    case KIND_engine: return sizeof(option_engine);
    case KIND_resume: return sizeof(option_resume);
    case KIND_reconnect: return sizeof(option_reconnect);
    case KIND_shard: return sizeof(option_shard);
    case KIND_wall_time: return sizeof(option_wall_time);
    case KIND_text:
    case KIND_source:
    case KIND_headers:
    case KIND_list:
    case KIND_rules: break;
    }
    return 0; /* text: compared as text */
}

static void a_value_printed_reads_back_as_the_same_value(void **state) {
    (void)state;
    struct random random;
    random_seed(&random, 1, 0);
    for (size_t i = 0; i < OPTION_ROWS * 2000; i++) {
        const struct option_row *row = &option_rows[i % OPTION_ROWS];
        char text[64], buffer[OPTION_VALUE_MAX], again[OPTION_VALUE_MAX];
        if (option_is_list(row))
            continue;
        struct options one = {0}, two = {0};
        const char *value = draw(row, &random, text);
        *option_given(&one, row) = *option_given(&two, row) = true;
        if (!option_read(&one, row, "one", value, to))
            fail_msg("%s: %s", value, error);
        const char *canonical = option_value(&one, row, buffer);
        if (!option_read(&two, row, "two", canonical, to))
            fail_msg("%s: %s", canonical, error);
        assert_memory_equal((char *)&one + row->offset, (char *)&two + row->offset,
                            field_size(row));
        assert_string_equal(canonical, option_value(&two, row, again));
        options_free(&one);
        options_free(&two);
    }
}

static void the_defaults_read_back_too(void **state) {
    (void)state;
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = &option_rows[i];
        struct options one = {0}, two = {0};
        char buffer[OPTION_VALUE_MAX];
        if (row->initial == NULL)
            continue;
        assert_true(option_read(&one, row, "one", row->initial, to));
        assert_true(option_read(&two, row, "two", option_value(&one, row, buffer), to));
        assert_memory_equal((char *)&one + row->offset, (char *)&two + row->offset,
                            field_size(row));
    }
}

static void report(int argc, char **argv) {
    struct options options;
    struct json_writer json;
    assert_int_equal(options_parse(&options, COMMAND_RUN, argc, argv, error), OPTIONS_OK);
    FILE *out = print_begin();
    json_write_begin(&json, out, false);
    json_write_object(&json);
    options_write_json(&json, &options);
    json_write_object_end(&json);
    json_write_end(&json);
    fclose(out);
    options_free(&options);
}

static void a_report_shows_each_option_under_its_long_name(void **state) {
    (void)state;
    char *argv[] = {"holdfast", "e", "-c", "10k", "-i", "1s..30s", "--json", "-", "-q", NULL};
    report(9, argv);
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        char member[OPTION_NAME_MAX + 4];
        snprintf(member, sizeof member, "\"%s\":", option_rows[i].field);
        assert_int_equal(strstr(printed, member) != NULL, option_is_of_a_run(&option_rows[i]));
    }
    static const char *const members[] = {"\"connections\":10000,",
                                          "\"ramp\":\"10/10ms\"",
                                          "\"interval\":\"1s..30s\"",
                                          "\"connect_timeout\":\"3s\"",
                                          "\"header\":[]",
                                          "\"workers\":null",
                                          "\"seed\":null",
                                          "\"json\":\"-\"",
                                          "\"ui\":\"none\"",
                                          "\"quiet\":true",
                                          "\"no_check\":false",
                                          "\"label\":null",
                                          "\"shard\":\"1/1\"",
                                          "\"start_at\":null",
                                          "\"color\":\"auto\"",
                                          "\"method\":\"HEAD\""};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strstr(printed, members[i]) == NULL)
            fail_msg("%s is not in %s", members[i], printed);
}

static void a_report_hides_secrets_whatever_the_case_of_the_name(void **state) {
    (void)state;
    char *argv[] = {"holdfast", "e",
                    "-H",       "authorization: Basic secret",
                    "-H",       "Proxy-Authorization: secret",
                    "-H",       "COOKIE: a=secret",
                    "-H",       "X-Cookie: shown",
                    "-H",       "Cook: shown",
                    NULL};
    report(12, argv);
    assert_null(strstr(printed, "secret"));
    assert_non_null(strstr(printed, "[\"authorization: ***\",\"Proxy-Authorization: ***\","
                                    "\"COOKIE: ***\",\"X-Cookie: shown\",\"Cook: shown\"]"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_help_lists_every_row_of_its_command_and_no_other),
        cmocka_unit_test(an_option_stands_under_the_title_of_its_group),
        cmocka_unit_test(the_help_of_a_command_does_not_speak_of_others),
        cmocka_unit_test(no_line_of_the_help_is_wider_than_80_columns),
        cmocka_unit_test(the_page_of_options_is_up_to_date),
        cmocka_unit_test(a_value_printed_reads_back_as_the_same_value),
        cmocka_unit_test(the_defaults_read_back_too),
        cmocka_unit_test(a_report_shows_each_option_under_its_long_name),
        cmocka_unit_test(a_report_hides_secrets_whatever_the_case_of_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
