/* Values of a JSON document from outside, read with suspicion. */
#include "report/saved/saved_value.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*end_without_memory)(void);

static void *allocate(size_t size) {
    void *block = malloc(size);
    if (block == NULL)
        end_without_memory();
    return block;
}

void saved_value_end_without_memory(void (*end)(void)) {
    end_without_memory = end;
    json_set_alloc_funcs(allocate, free);
}

json_t *saved_value_parse(const char *text, size_t length, struct saved_value_fault *fault) {
    json_error_t error;
    json_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (document == NULL)
        *fault = (struct saved_value_fault){error.line > 0 ? (size_t)error.line : 1,
                                            refuse_quote(error.text)};
    return document;
}

json_t *saved_value_keep(const json_t *document) {
    return json_incref((json_t *)document);
}

void saved_value_free(json_t *document) {
    json_decref(document);
}

bool saved_value_is_object(const json_t *value) {
    return json_is_object(value);
}

bool saved_value_is_list(const json_t *value) {
    return json_is_array(value);
}

bool saved_value_is_null(const json_t *value) {
    return json_is_null(value);
}

const json_t *saved_value_member(const json_t *parent, const char *name) {
    return json_object_get(parent, name);
}

bool saved_value_has(const json_t *parent, const char *name) {
    return json_object_get(parent, name) != NULL;
}

size_t saved_value_size(const json_t *list) {
    return json_array_size(list);
}

const json_t *saved_value_at(const json_t *list, size_t index) {
    return json_array_get(list, index);
}

const char *saved_value_string(const json_t *value) {
    return json_string_value(value);
}

const char *saved_value_written(const json_t *value, char buffer[static 32]) {
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (json_is_real(value)) {
        snprintf(buffer, 32, "%.9g", json_real_value(value));
        return buffer;
    }
    if (!json_is_integer(value))
        return json_string_value(value);
    snprintf(buffer, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return buffer;
}

char *saved_value_text(const json_t *value) {
    return value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
}

/* Iterators are for changing an object too; here none is changed. */
bool saved_value_next(const json_t *object, struct saved_value_step *step) {
    json_t *from = (json_t *)object;
    step->iterator = step->iterator == NULL ? json_object_iter(from)
                                            : json_object_iter_next(from, step->iterator);
    if (step->iterator == NULL)
        return false;
    step->name = json_object_iter_key(step->iterator);
    step->value = json_object_iter_value(step->iterator);
    return true;
}

bool saved_place_refuse(struct saved_place *place, const char *format, ...) {
    char what[512];
    if (place->failed)
        return false;
    place->failed = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (place->line == 0)
        return refuse(place->to, "%s: %s", place->file.text, what);
    return refuse(place->to, "%s:%zu: %s", place->file.text, place->line, what);
}

static void wrong(struct saved_place *place, const char *name, const char *accepted) {
    saved_place_refuse(place, "\"%s\": %s is accepted", refuse_quote(name).text, accepted);
}

/* The member, or NULL where it is null or not there. */
static const json_t *member(struct saved_place *place, const json_t *parent, const char *name) {
    const json_t *value = place->failed ? NULL : json_object_get(parent, name);
    return json_is_null(value) ? NULL : value;
}

const json_t *saved_value_object_if(struct saved_place *place, const json_t *parent,
                                    const char *name) {
    const json_t *value = member(place, parent, name);
    if (value == NULL || json_is_object(value))
        return value;
    wrong(place, name, "an object");
    return NULL;
}

const json_t *saved_value_object(struct saved_place *place, const json_t *parent,
                                 const char *name) {
    const json_t *value = saved_value_object_if(place, parent, name);
    if (value == NULL)
        wrong(place, name, "an object, and no report is without it,");
    return value;
}

const json_t *saved_value_array_if(struct saved_place *place, const json_t *parent,
                                   const char *name) {
    const json_t *value = member(place, parent, name);
    if (value == NULL || json_is_array(value))
        return value;
    wrong(place, name, "a list");
    return NULL;
}

uint64_t saved_value_to_count(struct saved_place *place, const json_t *value, const char *name) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        wrong(place, name, "a count");
        return 0;
    }
    return (uint64_t)json_integer_value(value);
}

uint64_t saved_value_count(struct saved_place *place, const json_t *parent, const char *name) {
    return place->failed ? 0 : saved_value_to_count(place, json_object_get(parent, name), name);
}

uint64_t saved_value_count_if(struct saved_place *place, const json_t *parent, const char *name) {
    return (uint64_t)saved_value_whole_if(place, parent, name, INT64_MAX, 0);
}

int64_t saved_value_whole_if(struct saved_place *place, const json_t *parent, const char *name,
                             int64_t high, int64_t missing) {
    const json_t *value = member(place, parent, name);
    if (value == NULL)
        return missing;
    uint64_t count = saved_value_to_count(place, value, name);
    if (place->failed || count <= (uint64_t)high)
        return place->failed ? missing : (int64_t)count;
    saved_place_refuse(place, "\"%s\": at most %lld is accepted", name, (long long)high);
    return missing;
}

int64_t saved_value_integer_if(struct saved_place *place, const json_t *parent, const char *name,
                               int64_t missing) {
    const json_t *value = member(place, parent, name);
    if (value == NULL)
        return missing;
    if (!json_is_integer(value))
        wrong(place, name, "an integer");
    return json_is_integer(value) ? json_integer_value(value) : missing;
}

static double bounded(struct saved_place *place, const json_t *value, const char *name,
                      double high) {
    if (value == NULL)
        return NAN;
    double number = json_number_value(value);
    if (json_is_number(value) && number >= 0 && number <= high)
        return number;
    wrong(place, name, high > SAVED_SECONDS_MAX ? "a number from 0 on" : "a number of seconds");
    return NAN;
}

double saved_value_number_if(struct saved_place *place, const json_t *parent, const char *name) {
    return bounded(place, member(place, parent, name), name, 1e15);
}

double saved_value_seconds_if(struct saved_place *place, const json_t *parent, const char *name) {
    return bounded(place, member(place, parent, name), name, SAVED_SECONDS_MAX);
}

double saved_value_number(struct saved_place *place, const json_t *value, const char *name) {
    return bounded(place, value, name, 1e15);
}

double saved_value_seconds(struct saved_place *place, const json_t *value, const char *name) {
    return bounded(place, value, name, SAVED_SECONDS_MAX);
}

bool saved_value_flag_if(struct saved_place *place, const json_t *parent, const char *name) {
    const json_t *value = member(place, parent, name);
    if (value != NULL && !json_is_boolean(value))
        wrong(place, name, "true or false");
    return json_is_true(value);
}

const char *saved_value_text_if(struct saved_place *place, const json_t *parent, const char *name) {
    const json_t *value = member(place, parent, name);
    if (value != NULL && !json_is_string(value))
        wrong(place, name, "a text");
    return json_string_value(value);
}

/* Digits of a fraction of a second, in nanoseconds; -1 when there are none or too many. */
static long nanoseconds(const char *digits, size_t length) {
    long value = 0;
    if (length < 1 || length > 9 || strspn(digits, "0123456789") < length)
        return -1;
    for (size_t i = 0; i < 9; i++)
        value = 10 * value + (i < length ? digits[i] - '0' : 0);
    return value;
}

uint64_t saved_value_id_if(struct saved_place *place, const json_t *parent, const char *name) {
    const char *text = saved_value_text_if(place, parent, name);
    if (text == NULL)
        return 0;
    if (strlen(text) != 16 || text[strspn(text, "0123456789abcdef")] != '\0') {
        saved_place_refuse(place, "\"%s\": 16 hexadecimal digits are accepted", name);
        return 0;
    }
    return strtoull(text, NULL, 16);
}

struct timespec saved_value_time_if(struct saved_place *place, const json_t *parent,
                                    const char *name) {
    struct timespec time = {0};
    struct tm utc = {0};
    const char *text = saved_value_text_if(place, parent, name);
    if (text == NULL)
        return time;
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S.", &utc);
    size_t digits = end != NULL ? strcspn(end, "Z") : 0;
    if (end != NULL && strcmp(end + digits, "Z") == 0 && utc.tm_year >= 71 && utc.tm_year < 8000)
        time = (struct timespec){timegm(&utc), nanoseconds(end, digits)};
    if (time.tv_sec <= 0 || time.tv_nsec < 0) {
        wrong(place, name, "a time such as 2023-11-14T22:13:20.123Z");
        time = (struct timespec){0};
    }
    return time;
}
