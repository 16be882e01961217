/* Values of options: each kind's reader, with its bounds, and the refusal that names what would be
 * accepted. */
#include "plan/options_row.h"

#include <string.h>

#include "plan/target.h"

/* One value on its way into a row's field. */
struct reading {
    struct options *options;
    const struct option_row *row;
    const char *label;
    const char *value;
    struct refusal to;
};

static void *field_of(const struct reading *reading) {
    return (char *)reading->options + reading->row->offset;
}

static bool not_a(const struct reading *reading, const char *what) {
    return refuse(reading->to, "%s: \"%s\" is not %s: %s", reading->label,
                  shown_text(reading->value).text, what, option_accepted(reading->row).text);
}

static bool out_of_bounds(const struct reading *reading) {
    return refuse(reading->to, "%s: \"%s\" is out of bounds: %s", reading->label,
                  shown_text(reading->value).text, option_accepted(reading->row).text);
}

static bool within(const struct option_row *row, uint64_t value) {
    return value >= row->low && value <= row->high;
}

static bool read_count(const struct reading *reading) {
    uint64_t value;
    if (!units_parse_count(reading->value, &value))
        return not_a(reading, "a count");
    if (!within(reading->row, value))
        return out_of_bounds(reading);
    *(option_count *)field_of(reading) = value;
    return true;
}

static bool read_duration(const struct reading *reading) {
    duration value;
    if (!units_parse_duration(reading->value, &value))
        return not_a(reading, "a duration");
    if (value < 0 || !within(reading->row, (uint64_t)value))
        return out_of_bounds(reading);
    *(option_duration *)field_of(reading) = value;
    return true;
}

static bool read_rate(const struct reading *reading) {
    struct rate value;
    if (!units_parse_rate(reading->value, &value))
        return not_a(reading, "a rate");
    if (!within(reading->row, value.count) || value.per < MILLISECOND || value.per > HOUR)
        return out_of_bounds(reading);
    *(option_rate *)field_of(reading) = value;
    return true;
}

static bool read_frequency(const struct reading *reading) {
    frequency value;
    if (!units_parse_frequency(reading->value, &value))
        return not_a(reading, "a rate");
    if (!within(reading->row, value))
        return out_of_bounds(reading);
    *(option_frequency *)field_of(reading) = value;
    return true;
}

static bool read_span(const struct reading *reading) {
    struct span value;
    if (!units_parse_span(reading->value, &value))
        return not_a(reading, "an interval");
    if (value.low < 0 || !within(reading->row, (uint64_t)value.low) ||
        !within(reading->row, (uint64_t)value.high))
        return out_of_bounds(reading);
    *(option_span *)field_of(reading) = value;
    return true;
}

static bool read_interval(const struct reading *reading) {
    struct interval value;
    if (!units_parse_interval(reading->value, &value))
        return not_a(reading, "an interval");
    duration most = value.mean > 0 ? value.mean : value.span.high;
    if (value.span.low < 0 || !within(reading->row, (uint64_t)value.span.low) ||
        !within(reading->row, (uint64_t)most))
        return out_of_bounds(reading);
    *(option_interval *)field_of(reading) = value;
    return true;
}

static const char backoff_key[] = "backoff=";

static bool read_reconnect(const struct reading *reading) {
    struct span value = {0};
    size_t key = strlen(backoff_key);
    bool never = strcmp(reading->value, "never") == 0;
    if (!never && (strncmp(reading->value, backoff_key, key) != 0 ||
                   !units_parse_span(reading->value + key, &value)))
        return not_a(reading, "a policy");
    if (!never && (value.low < 0 || !within(reading->row, (uint64_t)value.low) ||
                   !within(reading->row, (uint64_t)value.high)))
        return out_of_bounds(reading);
    *(option_reconnect *)field_of(reading) = value;
    return true;
}

static bool read_list(const struct reading *reading) {
    struct text_list *list = field_of(reading);
    if (list->count >= reading->row->high)
        return refuse(reading->to, "%s: more than %llu of them: at most %llu are accepted",
                      reading->label, (unsigned long long)reading->row->high,
                      (unsigned long long)reading->row->high);
    struct exec_at exec;
    if (reading->row->id == ROW_exec_at && !exec_at_parse(&exec, reading->value))
        return not_a(reading, "a time and a command");
    list->items[list->count++] = reading->value;
    return true;
}

static bool read_flag(const struct reading *reading) {
    bool on = strcmp(reading->value, "true") == 0;
    if (!on && strcmp(reading->value, "false") != 0)
        return not_a(reading, "true or false");
    *(option_flag *)field_of(reading) = on;
    return true;
}

const char *const option_ui_names[4] = {
    [UI_AUTO] = "auto", [UI_BLOCK] = "block", [UI_LINE] = "line", [UI_NONE] = "none"};
const char *const option_color_names[3] = {
    [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};
const char *const option_sequence_names[2] = {"turn", "random"};

/* The place of value among so many names, or -1. */
static int choose(const char *value, int count, const char *const names[]) {
    for (int i = 0; i < count; i++)
        if (strcmp(value, names[i]) == 0)
            return i;
    return -1;
}

static bool read_ui(const struct reading *reading) {
    int choice = choose(reading->value, 4, option_ui_names);
    if (choice < 0)
        return not_a(reading, "a live view");
    *(option_ui *)field_of(reading) = (enum ui)choice;
    return true;
}

static bool read_color(const struct reading *reading) {
    int choice = choose(reading->value, 3, option_color_names);
    if (choice < 0)
        return not_a(reading, "a choice of colour");
    *(option_color *)field_of(reading) = (enum color)choice;
    return true;
}

static bool read_sequence(const struct reading *reading) {
    int choice = choose(reading->value, 2, option_sequence_names);
    if (choice < 0)
        return not_a(reading, "an order");
    *(option_sequence *)field_of(reading) = (enum sequence)choice;
    return true;
}

/* C0, DEL, and C1 as UTF-8 has them (0xc2 0x80..0x9f). */
static bool has_control(const char *text) {
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f))
            return true;
    return false;
}

static bool check_endpoint(const struct reading *reading) {
    char host[TARGET_HOST_MAX], error[TARGET_ERROR_MAX];
    uint16_t port;
    return target_parse_endpoint(reading->value, host, &port, error) ||
           refuse(reading->to, "%s: %s", reading->label, error);
}

static bool is_listening_place(const char *text) {
    struct address address;
    return address_parse_endpoint(&address, text);
}

static bool check_url(const struct reading *reading) {
    struct target target;
    char error[TARGET_ERROR_MAX];
    return target_parse(&target, reading->value, error) ||
           refuse(reading->to, "%s: %s", reading->label, error);
}

/* What a text must be beyond its length: read here, so that a refusal can name the line. */
static bool check_text(const struct reading *reading) {
    switch (reading->row->id) {
    case ROW_method: return option_is_token(reading->value) || not_a(reading, "a method");
    case ROW_label: return !has_control(reading->value) || not_a(reading, "a label");
    case ROW_connect_to: return check_endpoint(reading);
    case ROW_metrics:
        return is_listening_place(reading->value) || not_a(reading, "a place to listen at");
    case ROW_server_status: return check_url(reading);
    default: return true;
    }
}

static bool read_text(const struct reading *reading) {
    size_t length = strlen(reading->value);
    if (length < reading->row->low)
        return refuse(reading->to, "%s: the value is empty: %s", reading->label,
                      option_accepted(reading->row).text);
    if (length > reading->row->high)
        return refuse(reading->to, "%s: \"%s\" has %zu bytes, too long: %s", reading->label,
                      shown_text(reading->value).text, length, option_accepted(reading->row).text);
    if (!check_text(reading))
        return false;
    *(option_text *)field_of(reading) = reading->value;
    return true;
}

/* As it is: its grammar is judged where its metrics are known. */
static bool read_rule(const struct reading *reading) {
    option_rules *rules = field_of(reading);
    size_t length = strlen(reading->value), size = strlen(reading->label) + 1;
    if (rules->count == RULES_MAX)
        return refuse(reading->to, "%s: more than %d rules: at most %d are accepted",
                      reading->label, RULES_MAX, RULES_MAX);
    if (length > RULE_TEXT_MAX)
        return refuse(reading->to, "%s: \"%s\" has %zu bytes, too long: at most %d are accepted",
                      reading->label, shown_text(reading->value).text, length, RULE_TEXT_MAX);
    char *where = options_room(reading->options, size);
    if (where == NULL)
        return refuse(reading->to, "%s: out of memory", reading->label);
    memcpy(where, reading->label, size);
    rules->items[rules->count++] = (struct written_rule){reading->value, where};
    return true;
}

bool option_read(struct options *options, const struct option_row *row, const char *label,
                 const char *value, struct refusal to) {
    const struct reading reading = {options, row, label, value, to};
    switch (row->kind) {
    case KIND_count: return read_count(&reading);
    case KIND_rate: return read_rate(&reading);
    case KIND_frequency: return read_frequency(&reading);
    case KIND_duration: return read_duration(&reading);
    case KIND_span: return read_span(&reading);
    case KIND_interval: return read_interval(&reading);
    case KIND_text: return read_text(&reading);
    case KIND_headers: return option_read_header(options, label, value, to);
    case KIND_list: return read_list(&reading);
    case KIND_rules: return read_rule(&reading);
    case KIND_flag: return read_flag(&reading);
    case KIND_ui: return read_ui(&reading);
    case KIND_color: return read_color(&reading);
    case KIND_sequence: return read_sequence(&reading);
    case KIND_reconnect: return read_reconnect(&reading);
    case KIND_source: return option_read_source(options, row, label, value, to);
    }
    return false;
}
