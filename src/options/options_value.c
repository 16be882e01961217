/* Values of options: each kind's reader, with its bounds, and the refusal that names what would be
 * accepted. */
#include "options/options_row.h"

#include <string.h>

#include "base/ascii.h"
#include "base/url.h"
#include "options/host_list.h"
#include "options/resolve_entry.h"

/* One value on its way into a row's field. */
struct value_parser {
    struct options *options;
    const struct option_row *row;
    const char *label;
    const char *value;
    struct refuse_buffer to;
};

static void *field_of(const struct value_parser *reading) {
    return (char *)reading->options + reading->row->offset;
}

/* Of a value that may hold a secret, no more than may be shown. */
static struct refuse_quoted shown_value(const struct value_parser *reading) {
    switch (reading->row->id) {
    case ROW_exec_at:
    case ROW_remote: return refuse_word(reading->value);
    case ROW_server_status: return url_quote(reading->value);
    default: return refuse_quote(reading->value);
    }
}

static bool not_a(const struct value_parser *reading, const char *what) {
    if (reading->value[0] == '=' && reading->label[0] == '-' && reading->label[1] != '-')
        return refuse(reading->to, "%s: \"%s\" is not %s: %s %s or --%s=%s is accepted",
                      reading->label, shown_value(reading).text, what, reading->label,
                      reading->row->argument, option_name(reading->row).text,
                      reading->row->argument);
    return refuse(reading->to, "%s: \"%s\" is not %s: %s", reading->label,
                  shown_value(reading).text, what, option_accepted(reading->row).text);
}

static bool out_of_bounds(const struct value_parser *reading) {
    return refuse(reading->to, "%s: \"%s\" is out of bounds: %s", reading->label,
                  shown_value(reading).text, option_accepted(reading->row).text);
}

static bool within(const struct option_row *row, uint64_t value) {
    return value >= row->low && value <= row->high;
}

static bool read_count(const struct value_parser *reading) {
    uint64_t value;
    if (!units_parse_count(reading->value, &value))
        return not_a(reading,
                     reading->row->id == ROW_server_pid ? "the number of a process" : "a count");
    if (!within(reading->row, value))
        return out_of_bounds(reading);
    *(option_count *)field_of(reading) = value;
    return true;
}

static bool read_duration(const struct value_parser *reading) {
    duration value;
    if (!units_parse_duration(reading->value, &value))
        return not_a(reading, "a duration");
    if (value < 0 || !within(reading->row, (uint64_t)value))
        return out_of_bounds(reading);
    *(option_duration *)field_of(reading) = value;
    return true;
}

static bool read_rate(const struct value_parser *reading) {
    struct units_rate value;
    if (!units_parse_rate(reading->value, &value))
        return not_a(reading, "a rate");
    if (!within(reading->row, value.count) || value.per < MILLISECOND || value.per > HOUR)
        return out_of_bounds(reading);
    *(option_rate *)field_of(reading) = value;
    return true;
}

static bool read_frequency(const struct value_parser *reading) {
    frequency value;
    if (!units_parse_frequency(reading->value, &value))
        return not_a(reading, "a rate");
    if (!within(reading->row, value))
        return out_of_bounds(reading);
    *(option_frequency *)field_of(reading) = value;
    return true;
}

static bool read_span(const struct value_parser *reading) {
    struct units_span value;
    if (!units_parse_span(reading->value, &value))
        return not_a(reading, "an interval");
    if (value.low < 0 || !within(reading->row, (uint64_t)value.low) ||
        !within(reading->row, (uint64_t)value.high))
        return out_of_bounds(reading);
    *(option_span *)field_of(reading) = value;
    return true;
}

static bool read_interval(const struct value_parser *reading) {
    struct units_interval value;
    if (!units_parse_interval(reading->value, &value))
        return not_a(reading, "an interval");
    duration most = value.mean > 0 ? value.mean : value.span.high;
    if (value.span.low < 0 || !within(reading->row, (uint64_t)value.span.low) ||
        !within(reading->row, (uint64_t)most))
        return out_of_bounds(reading);
    *(option_interval *)field_of(reading) = value;
    return true;
}

/* +DUR counts from now on; a report keeps the moment itself. */
static bool read_wall_time(const struct value_parser *reading) {
    wall_time value, now = wall_time_now();
    duration ahead;
    if (reading->value[0] == '+' && units_parse_duration(reading->value + 1, &ahead)) {
        if (ahead < 0 || !within(reading->row, (uint64_t)ahead))
            return out_of_bounds(reading);
        value = now + ahead;
    } else if (!wall_time_parse(reading->value, &value)) {
        return not_a(reading, "a time");
    } else if (value > now && !within(reading->row, (uint64_t)(value - now))) {
        return out_of_bounds(reading);
    }
    *(option_wall_time *)field_of(reading) = value;
    return true;
}

static const char backoff_key[] = "backoff=";

static bool read_reconnect(const struct value_parser *reading) {
    struct units_span value = {0};
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

static bool read_list(const struct value_parser *reading) {
    struct option_text_list *list = field_of(reading);
    if (list->count >= reading->row->high)
        return refuse(reading->to, "%s: more than %llu of them: at most %llu are accepted",
                      reading->label, (unsigned long long)reading->row->high,
                      (unsigned long long)reading->row->high);
    struct exec_at exec;
    if (reading->row->id == ROW_exec_at && !exec_at_parse(&exec, reading->value))
        return not_a(reading, "a time and a command");
    struct resolve_entry entry;
    if (reading->row->id == ROW_resolve && !resolve_entry_parse(&entry, reading->value))
        return not_a(reading, "a name, a port and addresses");
    if (reading->row->id == ROW_hide && !ascii_is_token(reading->value))
        return not_a(reading, "a header's name");
    list->items[list->count++] = reading->value;
    return true;
}

static bool read_flag(const struct value_parser *reading) {
    bool on = strcmp(reading->value, "true") == 0;
    if (!on && strcmp(reading->value, "false") != 0)
        return not_a(reading, "true or false");
    *(option_flag *)field_of(reading) = on;
    return true;
}

/* The place of value among so many names, or -1. */
static int choose(const char *value, int count, const char *const names[]) {
    for (int i = 0; i < count; i++)
        if (strcmp(value, names[i]) == 0)
            return i;
    return -1;
}

static bool read_ui(const struct value_parser *reading) {
    int choice = choose(reading->value, 4, option_ui_names);
    if (choice < 0)
        return not_a(reading, "a live view");
    *(option_ui *)field_of(reading) = (enum option_ui)choice;
    return true;
}

static bool read_color(const struct value_parser *reading) {
    int choice = choose(reading->value, 3, option_color_names);
    if (choice < 0)
        return not_a(reading, "a choice of colour");
    *(option_color *)field_of(reading) = (enum option_color)choice;
    return true;
}

static bool read_sequence(const struct value_parser *reading) {
    int choice = choose(reading->value, 2, option_sequence_names);
    if (choice < 0)
        return not_a(reading, "an order");
    *(option_sequence *)field_of(reading) = (enum option_order)choice;
    return true;
}

static bool read_loss(const struct value_parser *reading) {
    int choice = choose(reading->value, 2, option_loss_names);
    if (choice < 0)
        return not_a(reading, "a choice");
    *(option_loss *)field_of(reading) = (enum option_host_loss)choice;
    return true;
}

static bool read_engine(const struct value_parser *reading) {
    int choice = choose(reading->value, 3, option_engine_names);
    if (choice < 0)
        return not_a(reading, "an engine");
    *(option_engine *)field_of(reading) = (enum engine_kind)choice;
    return true;
}

static bool read_resume(const struct value_parser *reading) {
    int choice = choose(reading->value, 3, option_resume_names);
    if (choice < 0)
        return not_a(reading, "a choice of when to resume");
    *(option_resume *)field_of(reading) = (enum tls_resume)choice;
    return true;
}

/* C0, DEL, and C1 as UTF-8 has them (0xc2 0x80..0x9f). */
static bool has_control(const char *text) {
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f))
            return true;
    return false;
}

static bool check_endpoint(const struct value_parser *reading) {
    char host[URL_HOST_MAX], error[URL_ERROR_MAX];
    uint16_t port;
    return url_parse_endpoint(reading->value, host, &port, error) ||
           refuse(reading->to, "%s: %s", reading->label, error);
}

static bool is_listening_place(const char *text) {
    struct address address;
    return address_parse_listen(&address, text);
}

static bool check_url(const struct value_parser *reading) {
    struct url target;
    char error[URL_ERROR_MAX];
    return url_parse(&target, reading->value, error) ||
           refuse(reading->to, "%s: %s", reading->label, error);
}

bool option_check_method(const char *method, const char *label, struct refuse_buffer to) {
    return strcmp(method, "CONNECT") != 0 ||
           refuse(to,
                  "%s: CONNECT is refused: it makes a tunnel of the connection (RFC 9110 9.3.6); a "
                  "method that asks for a path is accepted, such as GET or HEAD",
                  label);
}

static bool is_host_name(const char *text) {
    static const char of_a_name[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
    return strspn(text, of_a_name) == strlen(text);
}

/* Checks of a text beyond its length: here, so that a refusal can name the line. */
static bool check_text(const struct value_parser *reading) {
    switch (reading->row->id) {
    case ROW_method:
        return (ascii_is_token(reading->value) || not_a(reading, "a method")) &&
               (reading->options->saved ||
                option_check_method(reading->value, reading->label, reading->to));
    case ROW_label: return !has_control(reading->value) || not_a(reading, "a label");
    case ROW_connect_to: return check_endpoint(reading);
    case ROW_metrics:
        return is_listening_place(reading->value) || not_a(reading, "a place to listen at");
    case ROW_server_status: return check_url(reading);
    case ROW_hosts: return host_list_is_one(reading->value) || not_a(reading, "a list of hosts");
    case ROW_remote:
        return reading->options->saved || /* then it is hidden but for a word */
               (!has_control(reading->value) && strstr(reading->value, HOST_LIST_PLACE) != NULL) ||
               not_a(reading, "a command for a host");
    case ROW_sni: return is_host_name(reading->value) || not_a(reading, "a host's name");
    case ROW_tls_min:
    case ROW_tls_max:
        return strcmp(reading->value, "1.2") == 0 || strcmp(reading->value, "1.3") == 0 ||
               not_a(reading, "a version of TLS");
    default: return true;
    }
}

static bool read_text(const struct value_parser *reading) {
    size_t length = strlen(reading->value);
    if (length < reading->row->low)
        return refuse(reading->to, "%s: the value is empty: %s", reading->label,
                      option_accepted(reading->row).text);
    if (length > reading->row->high)
        return refuse(reading->to, "%s: \"%s\" has %zu bytes, too long: %s", reading->label,
                      shown_value(reading).text, length, option_accepted(reading->row).text);
    if (!check_text(reading))
        return false;
    *(option_text *)field_of(reading) = reading->value;
    return true;
}

/* As it is: its grammar is judged where its metrics are known. */
static bool read_rule(const struct value_parser *reading) {
    option_rules *rules = field_of(reading);
    size_t length = strlen(reading->value), size = strlen(reading->label) + 1;
    if (rules->count == RULES_MAX)
        return refuse(reading->to, "%s: more than %d rules: at most %d are accepted",
                      reading->label, RULES_MAX, RULES_MAX);
    if (length > RULE_TEXT_MAX)
        return refuse(reading->to, "%s: \"%s\" has %zu bytes, too long: at most %d are accepted",
                      reading->label, shown_value(reading).text, length, RULE_TEXT_MAX);
    char *where = options_room(reading->options, size);
    if (where == NULL)
        return refuse(reading->to, "%s: out of memory", reading->label);
    memcpy(where, reading->label, size);
    rules->items[rules->count++] =
        (struct option_written_rule){.text = reading->value, .where = where};
    return true;
}

/* The -k of curl, oha and ab takes no value: what follows it is a URL or an option. */
static bool refuse_others_k(const struct value_parser *reading) {
    const char *value = reading->value;
    bool option = value[0] == '-' && !ascii_is_digit((unsigned char)value[1]);
    if (reading->row->id != ROW_keepalive || (strstr(value, "://") == NULL && !option))
        return true;
    return refuse(
        reading->to,
        "%s: '-k' is --keepalive here, and a duration is accepted, such as 60s; to accept "
        "any certificate: --insecure; connections are kept alive in any case",
        reading->label);
}

/* The -d of curl, hey and oha is what is sent. */
static bool refuse_others_d(const struct value_parser *reading) {
    const char *value = reading->value;
    bool data = value[0] != '\0' && value[0] != '=' &&
                (strchr("{[@<", value[0]) != NULL || strchr(value, '=') != NULL);
    return reading->row->id != ROW_duration || !data ||
           refuse(reading->to, "%s: '-d' is --duration here; the request's body is --body FILE",
                  reading->label);
}

/* Zero is below the bounds of any other value. */
static bool is_auto(const struct value_parser *reading) {
    return reading->row->id == ROW_keepalive && strcmp(reading->value, "auto") == 0;
}

/* The --json of curl is what is sent. */
static bool refuse_others_json(const struct value_parser *reading) {
    char first = reading->value[0];
    return reading->row->id != ROW_json || (first != '{' && first != '[' && first != '@') ||
           refuse(reading->to,
                  "%s: a FILE for the report is accepted (./NAME, where it begins so); the "
                  "request's body is --body FILE",
                  reading->label);
}

static bool read_duration_or_auto(const struct value_parser *reading) {
    if (!is_auto(reading))
        return refuse_others_k(reading) && refuse_others_d(reading) && read_duration(reading);
    *(option_duration *)field_of(reading) = 0;
    return true;
}

bool option_read(struct options *options, const struct option_row *row, const char *label,
                 const char *value, struct refuse_buffer to) {
    const struct value_parser reading = {options, row, label, value, to};
    switch (row->kind) {
    case KIND_count: return read_count(&reading);
    case KIND_rate: return read_rate(&reading);
    case KIND_frequency: return read_frequency(&reading);
    case KIND_duration: return read_duration_or_auto(&reading);
    case KIND_span: return read_span(&reading);
    case KIND_interval: return read_interval(&reading);
    case KIND_text: return refuse_others_json(&reading) && read_text(&reading);
    case KIND_headers: return option_read_header(options, label, value, to);
    case KIND_list: return read_list(&reading);
    case KIND_rules: return read_rule(&reading);
    case KIND_flag: return read_flag(&reading);
    case KIND_ui: return read_ui(&reading);
    case KIND_color: return read_color(&reading);
    case KIND_sequence: return read_sequence(&reading);
    case KIND_loss: return read_loss(&reading);
    case KIND_engine: return read_engine(&reading);
    case KIND_resume: return read_resume(&reading);
    case KIND_reconnect: return read_reconnect(&reading);
    case KIND_source: return option_read_source(options, row, label, value, to);
    case KIND_shard: return option_read_shard(options, row, label, value, to);
    case KIND_wall_time: return read_wall_time(&reading);
    }
    return false;
}

bool options_check_ui(struct options *options, const char *label, struct refuse_buffer to) {
    if (!options->quiet)
        return true;
    if (options->given.ui && options->ui != UI_NONE)
        return refuse(to, "%s: \"%s\" contradicts quiet (-q), which is none", label,
                      option_ui_names[options->ui]);
    options->ui = UI_NONE;
    return true;
}
