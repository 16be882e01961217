/* Draws the live block: rows of items that are shortened and left out until the rest fits. */
#include "report/terminal/block.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "report/format/format.h"
#include "report/format/status_text.h"
#include "report/format/style.h"

/* A terminal's last column stays free: to write there makes some of them wrap. */
enum { WIDTH_LEAST = 60, WIDTH_MOST = 120, LABEL_COLUMNS = 7 };
enum { BAR_LEAST = 8, BAR_MOST = 40 };
enum { ITEMS_MAX = 8, ITEM_BYTES = 192, TINT_PLAIN = -1 };

static bool fits(int width) {
    return width >= WIDTH_LEAST;
}

static int columns_of(int width) {
    if (width > WIDTH_MOST)
        width = WIDTH_MOST;
    return width > 1 ? width - 1 : 0;
}

/* --- lines --- */

/* Text of so many columns; what does not fit a line's bytes is left out whole. */
static void put_wide(struct block_line *line, const char *text, int columns) {
    size_t length = strlen(text);
    if (line->length + length >= sizeof line->text)
        return;
    memcpy(line->text + line->length, text, length + 1);
    line->length += length;
    line->columns += columns;
}

static int columns_of_text(const char *text) {
    return format_columns(text, strlen(text));
}

static void put(struct block_line *line, const char *text) {
    put_wide(line, text, columns_of_text(text));
}

static void put_tinted(struct block_line *line, struct style style, int tint, const char *text) {
    if (tint != TINT_PLAIN)
        put_wide(line, style_start(style, (enum style_tint)tint), 0);
    put(line, text);
    if (tint != TINT_PLAIN)
        put_wide(line, style_stop(style), 0);
}

static void put_blanks(struct block_line *line, int count) {
    for (int i = 0; i < count; i++)
        put(line, " ");
}

static struct block_line *next_line(struct block *block, struct style style, const char *label) {
    struct block_line *line = &block->lines[block->count++];
    line->length = 0;
    line->columns = 0;
    line->text[0] = '\0';
    if (label[0] != '\0') {
        put_tinted(line, style, TINT_DIM, label);
        put_blanks(line, LABEL_COLUMNS - line->columns);
    }
    return line;
}

/* --- rows of items --- */

struct item {
    char text[ITEM_BYTES];
    char brief[ITEM_BYTES]; /* "": there is no shorter form */
    int tint;
    int rank; /* the greatest goes first when there is no room */
    bool shortened;
};

/* What is said of items that have no room. RANK_REMARK: of an item that none of them is. */
enum row_rest { REST_UNSAID, REST_COUNTED, REST_OTHERS };
enum { RANK_REMARK = 9 };

struct block_row {
    int gap;
    enum row_rest rest;
    size_t left_out;
    size_t count;
    struct item items[ITEMS_MAX];
};

static struct item *add(struct block_row *row, int rank, int tint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void brief(struct item *item, const char *format, ...) __attribute__((format(printf, 2, 3)));

static struct item *add(struct block_row *row, int rank, int tint, const char *format, ...) {
    struct item *item = &row->items[row->count < ITEMS_MAX - 1 ? row->count++ : row->count - 1];
    item->rank = rank;
    item->tint = tint;
    item->brief[0] = '\0';
    item->shortened = false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(item->text, sizeof item->text, format, arguments);
    va_end(arguments);
    return item;
}

static void brief(struct item *item, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(item->brief, sizeof item->brief, format, arguments);
    va_end(arguments);
}

static const char *shown(const struct item *item) {
    return item->shortened ? item->brief : item->text;
}

/* "": nothing is said. */
static struct format_text rest_words(const struct block_row *row) {
    struct format_text words = {""};
    if (row->rest == REST_OTHERS)
        snprintf(words.text, sizeof words.text, "and others");
    else if (row->rest == REST_COUNTED && row->left_out > 0)
        snprintf(words.text, sizeof words.text, "and %zu more", row->left_out);
    return words;
}

static int row_columns(const struct block_row *row) {
    int columns = row->count > 0 ? (int)(row->count - 1) * row->gap : 0;
    struct format_text rest = rest_words(row);
    for (size_t i = 0; i < row->count; i++)
        columns += columns_of_text(shown(&row->items[i]));
    return rest.text[0] == '\0' ? columns : columns + row->gap + columns_of_text(rest.text);
}

/* The item that is needed least, of those that can be shortened or of all. */
static struct item *least_needed(struct block_row *row, bool to_shorten) {
    struct item *least = NULL;
    for (struct item *item = row->items; item < row->items + row->count; item++) {
        bool able = !to_shorten || (!item->shortened && item->brief[0] != '\0');
        if (able && (least == NULL || item->rank >= least->rank))
            least = item;
    }
    return least;
}

static void cut(char *text, int columns) {
    while (*text != '\0' && (columns > 0 || ((unsigned char)*text & 0xc0) == 0x80))
        columns -= ((unsigned char)*text++ & 0xc0) != 0x80;
    *text = '\0';
}

/* Closer together, then shorter, then fewer; the last one left is cut. */
static void row_reduce(struct block_row *row, int columns) {
    struct item *item;
    if (row->gap > 2) {
        row->gap--;
    } else if ((item = least_needed(row, true)) != NULL) {
        item->shortened = true;
    } else if (row->count > 1) {
        item = least_needed(row, false);
        row->left_out += item->rank < RANK_REMARK;
        row->count--;
        memmove(item, item + 1, (size_t)(row->items + row->count - item) * sizeof *item);
    } else {
        item = &row->items[0];
        cut(item->shortened ? item->brief : item->text, columns);
    }
}

/* Items left out may have made room for the long forms, of all or of none, and for gaps. */
static void row_restore(struct block_row *row, int gap, int columns) {
    bool shortened[ITEMS_MAX] = {false};
    for (size_t i = 0; i < row->count; i++) {
        shortened[i] = row->items[i].shortened;
        row->items[i].shortened = false;
    }
    if (row_columns(row) > columns)
        for (size_t i = 0; i < row->count; i++)
            row->items[i].shortened = shortened[i];
    row->gap = gap;
    while (row_columns(row) > columns && row->gap > 2)
        row->gap--;
}

static void row_fit(struct block_row *row, int columns) {
    int gap = row->gap;
    if (columns < 0)
        columns = 0;
    if (row_columns(row) <= columns)
        return;
    while (row_columns(row) > columns)
        row_reduce(row, columns);
    row_restore(row, gap, columns);
}

static void put_row(struct block_line *line, struct block_row *row, int columns,
                    struct style style) {
    row_fit(row, columns - line->columns);
    for (size_t i = 0; i < row->count; i++) {
        if (i > 0)
            put_blanks(line, row->gap);
        put_tinted(line, style, row->items[i].tint, shown(&row->items[i]));
    }
    struct format_text rest = rest_words(row);
    if (rest.text[0] != '\0') {
        put_blanks(line, row->gap);
        put(line, rest.text);
    }
}

/* --- words --- */

static const struct format_text unknown = {"-"};

static struct format_text known_count(int64_t count) {
    return count >= 0 ? format_count((uint64_t)count) : unknown;
}

static struct format_text known_rate(double per_second) {
    return isfinite(per_second) && per_second >= 0 && per_second < 1e15 ? format_rate(per_second)
                                                                        : unknown;
}

static struct format_text known_bytes(int64_t bytes) {
    return bytes >= 0 ? format_bytes(bytes) : unknown;
}

static struct format_text known_seconds(double seconds) {
    return isfinite(seconds) && fabs(seconds) < 1e9 ? format_seconds(seconds) : unknown;
}

static struct format_text known_percent(double percent) {
    struct format_text words = unknown;
    if (isfinite(percent) && fabs(percent) < 1e9)
        snprintf(words.text, sizeof words.text, "%.0f %%", percent);
    return words;
}

static struct format_text quantile(const struct block_view *view, duration value) {
    return view->answers > 0 ? format_duration(value) : unknown;
}

/* Whole seconds, as a clock shows them. */
static struct format_text clock_words(duration length) {
    struct format_text words;
    if (length >= MINUTE)
        return format_duration(length);
    snprintf(words.text, sizeof words.text, "%ds", (int)(length > 0 ? length / SECOND : 0));
    return words;
}

/* Printable ASCII, all else spelled out: how many columns another character takes is known to the
 * terminal alone. Cut with "..." where it has more than `columns`. */
static void plain(char *buffer, size_t size, const char *text, int columns) {
    size_t room = columns > 0 ? (size_t)columns : 0, used = 0, before_dots = 0;
    if (room >= size)
        room = size - 1;
    buffer[0] = '\0';
    for (; *text != '\0'; text++) {
        char shown[8];
        unsigned char byte = (unsigned char)*text;
        int length =
            snprintf(shown, sizeof shown, byte > 0x20 && byte < 0x7f ? "%c" : "\\x%02X", byte);
        if (used + (size_t)length > room) {
            snprintf(buffer + before_dots, room + 1 - before_dots, "...");
            return;
        }
        memcpy(buffer + used, shown, (size_t)length + 1);
        used += (size_t)length;
        if (used + 3 <= room)
            before_dots = used;
    }
}

/* "3400 of 20000": while -n sets the end. */
static void format_requests(char *text, size_t size, const struct block_view *view) {
    text[0] = '\0';
    if (view->requests > 0 && view->length == 0 && strcmp(view->phase, "hold") == 0)
        snprintf(text, size, ", sent %.32s of %.32s", format_count(view->sent).text,
                 format_count(view->requests).text);
}

/* "hold  12m08s of 30m". */
static void format_phase(char *text, size_t size, const struct block_view *view) {
    struct format_text elapsed = clock_words(view->elapsed), of = clock_words(view->length);
    char exact[64], requests[80];
    format_requests(requests, sizeof requests, view);
    if (view->length > 0 && view->length % SECOND == 0)
        units_format_duration(exact, sizeof exact, view->length);
    else
        snprintf(exact, sizeof exact, "%s", of.text);
    snprintf(text, size, "%.12s  %.20s%.79s%.20s", view->phase, elapsed.text,
             view->length > 0        ? " of "
             : view->until_interrupt ? ", until ^C"
                                     : requests,
             view->length > 0 ? exact : "");
}

/* --- the lines --- */

static void draw_header(struct block *block, const struct block_view *view, int columns,
                        struct style style) {
    char think[64], url[ITEM_BYTES - 40];
    char phase[136];
    format_phase(phase, sizeof phase, view);
    struct block_row row = {.gap = 2};
    add(&row, 3, TINT_STRONG, "holdfast");
    int beside = (int)strlen(view->method) + 1 + 2 + columns_of_text(phase);
    plain(url, sizeof url, view->url, columns - beside);
    add(&row, 1, TINT_PLAIN, "%.32s %s", view->method, url);
    if (view->rate > 0)
        brief(add(&row, 2, TINT_PLAIN, "open loop, %s requests/s",
                  units_format_frequency(think, sizeof think, view->rate)),
              "open loop");
    else if (view->think.high == 0)
        add(&row, 2, TINT_PLAIN, "closed loop");
    else
        brief(add(&row, 2, TINT_PLAIN, "each connection every %s",
                  units_format_interval(think, sizeof think,
                                        (struct units_interval){view->think, view->think_mean})),
              "every %s", think);
    int right = columns_of_text(phase);
    struct block_line *line = next_line(block, style, "");
    put_row(line, &row, columns - right - 2, style);
    put_blanks(line, columns - right - line->columns);
    put_tinted(line, style, TINT_STRONG, phase);
}

static void put_bar(struct block_line *line, double part, bool any, bool all, int inner, int tint,
                    struct style style) {
    int filled = part >= 1 ? inner : (int)(part * inner);
    if (filled == 0 && any)
        filled = 1;
    if (filled == inner && !all)
        filled = inner - 1;
    put(line, "[");
    put_wide(line, tint != TINT_PLAIN ? style_start(style, (enum style_tint)tint) : "", 0);
    for (int i = 0; i < inner; i++)
        put_wide(line, i >= filled ? " " : style.utf8 ? "\u2588" : "#", 1);
    put_wide(line, tint != TINT_PLAIN ? style_stop(style) : "", 0);
    put(line, "] ");
}

/* Once the ramp is over: whether all that were asked for are live. */
static int live_tint(const struct block_view *view) {
    if (!isfinite(view->ramp_seconds))
        return TINT_PLAIN;
    return view->live >= view->target ? TINT_GOOD : TINT_WARN;
}

static void draw_connections(struct block *block, const struct block_view *view, int columns,
                             struct style style) {
    struct block_row row = {.gap = 3};
    brief(add(&row, 0, TINT_PLAIN, "%s live of %s", format_count(view->live).text,
              format_count(view->target).text),
          "%s live", format_count(view->live).text);
    if (view->drained >= 0)
        add(&row, 1, TINT_PLAIN, "drained %s", format_count((uint64_t)view->drained).text);
    else if (isfinite(view->ramp_seconds))
        add(&row, 1, TINT_PLAIN, "ramp took %s", known_seconds(view->ramp_seconds).text);
    else if (strcmp(view->phase, "ramp") == 0)
        add(&row, 1, TINT_PLAIN, "ramp at %d %%",
            view->target > 0 ? (int)(100 * fmin(1, (double)view->attempted / (double)view->target))
                             : 0);
    else
        add(&row, 1, TINT_PLAIN, "ramp cut short");
    struct block_line *line = next_line(block, style, "conns");
    int room = columns - line->columns - 3; /* the bar's ends and the blank behind it */
    row_fit(&row, room - BAR_LEAST);
    int inner = room - row_columns(&row);
    if (inner >= BAR_LEAST)
        put_bar(line, view->target > 0 ? (double)view->live / (double)view->target : 0,
                view->live > 0, view->live >= view->target, inner < BAR_MOST ? inner : BAR_MOST,
                live_tint(view), style);
    put_row(line, &row, columns, style);
}

static void draw_ledger(struct block *block, const struct block_view *view, int columns,
                        struct style style) {
    struct block_row row = {.gap = 3};
    add(&row, 1, view->closed > 0 ? TINT_WARN : TINT_PLAIN, "closed %s",
        format_count(view->closed).text);
    add(&row, 0, view->errored > 0 ? TINT_BAD : TINT_PLAIN, "errored %s",
        format_count(view->errored).text);
    add(&row, 2, TINT_PLAIN, "connecting %s", format_count(view->connecting).text);
    if (view->reconnected >= 0)
        add(&row, 3, TINT_PLAIN, "reconnected %s", known_count(view->reconnected).text);
    add(&row, 4, TINT_PLAIN, "attempted %s", format_count(view->attempted).text);
    add(&row, 5, TINT_PLAIN, "peak %s", format_count(view->peak).text);
    struct block_line *line = next_line(block, style, "");
    put_blanks(line, LABEL_COLUMNS);
    put_row(line, &row, columns, style);
}

static bool is_before_hold(const struct block_view *view) {
    return strcmp(view->phase, "start") == 0 || strcmp(view->phase, "ramp") == 0;
}

/* Once it is over: all of it, but where it was ended before its time. */
static double held_part(const struct block_view *view) {
    if (view->hold_seconds <= 0 && !isfinite(view->ramp_seconds))
        return 0;
    double part = view->hold > 0 && view->hold_seconds > 0
                      ? view->hold_seconds / duration_seconds(view->hold)
                      : 1;
    return part < 0.99 ? part : 1;
}

/* How much of the hold is over: by time, or by the requests of -n. NAN: it has no end. */
static double hold_part(const struct block_view *view) {
    if (is_before_hold(view))
        return 0;
    if (strcmp(view->phase, "hold") != 0)
        return held_part(view);
    if (view->length > 0)
        return fmin(1, (double)view->elapsed / (double)view->length);
    return view->requests > 0 ? fmin(1, (double)view->sent / (double)view->requests) : NAN;
}

static void add_held(struct block_row *row, const struct block_view *view, double part) {
    if (isnan(part))
        add(row, 0, TINT_PLAIN, "until interrupted");
    else if (is_before_hold(view))
        add(row, 0, TINT_PLAIN, "after the ramp");
    else if (strcmp(view->phase, "hold") == 0)
        add(row, 0, TINT_PLAIN, "%d %%", (int)(100 * part));
    else if (part <= 0)
        add(row, 0, TINT_WARN, "not begun");
    else if (part < 1)
        add(row, 0, TINT_WARN, "cut short at %d %%", (int)(100 * part));
    else
        add(row, 0, TINT_PLAIN, "over");
}

static void draw_hold(struct block *block, const struct block_view *view, int columns,
                      struct style style) {
    struct block_row row = {.gap = 3};
    double part = hold_part(view);
    add_held(&row, view, part);
    if (view->ends_at[0] != '\0')
        add(&row, 1, TINT_PLAIN, "ends %s", view->ends_at);
    struct block_line *line = next_line(block, style, "hold");
    int inner = columns - line->columns - 3 - row_columns(&row);
    if (inner >= BAR_LEAST && !isnan(part))
        put_bar(line, part, part > 0, part >= 1, inner < BAR_MOST ? inner : BAR_MOST, TINT_PLAIN,
                style);
    put_row(line, &row, columns, style);
}

/* Think times are drawn anew after each answer: until the longest has passed, those that follow the
 * ramp stand out, and fewer requests than planned are due. */
static bool is_starting(const struct block_view *view) {
    return view->rate == 0 && view->think.high > 0 && view->think_mean == 0 &&
           view->think.low < view->think.high &&
           (is_before_hold(view) ||
            (strcmp(view->phase, "hold") == 0 && view->elapsed < view->think.high));
}

static void draw_rate(struct block *block, const struct block_view *view, int columns,
                      struct style style) {
    struct block_row row = {.gap = 3};
    add(&row, 0, TINT_PLAIN, "client %s", known_rate(view->client_per_second).text);
    struct format_text server = known_rate(view->server_per_second);
    if (view->server_source != NULL)
        brief(add(&row, 2, TINT_PLAIN, "server %s (%.24s)", server.text, view->server_source),
              "server %s", server.text);
    else
        brief(add(&row, 2, TINT_PLAIN, "server not measured"), "server -");
    if (view->think.high == 0)
        brief(add(&row, 1, TINT_PLAIN, "planned none (closed loop)"), "closed loop");
    else if (is_starting(view) && isfinite(view->planned_per_second))
        brief(add(&row, 1, TINT_PLAIN, "planned %s from %s on",
                  known_rate(view->planned_per_second).text, clock_words(view->think.high).text),
              "planned %s soon", known_rate(view->planned_per_second).text);
    else
        add(&row, 1, TINT_PLAIN, "planned %s", known_rate(view->planned_per_second).text);
    add(&row, 3, TINT_PLAIN, "outstanding %s", format_count(view->outstanding).text);
    put_row(next_line(block, style, "rate"), &row, columns, style);
}

static void draw_time(struct block *block, const struct block_view *view, int columns,
                      struct style style) {
    struct block_row row = {.gap = 3};
    add(&row, 1, TINT_PLAIN, "p50 %s", quantile(view, view->p50).text);
    add(&row, 4, TINT_PLAIN, "p90 %s", quantile(view, view->p90).text);
    add(&row, 0, TINT_PLAIN, "p99 %s", quantile(view, view->p99).text);
    add(&row, 3, TINT_PLAIN, "p99.9 %s", quantile(view, view->p999).text);
    add(&row, 2, TINT_PLAIN, "max %s", quantile(view, view->max).text);
    add(&row, 0, view->timed_out > 0 ? TINT_BAD : TINT_PLAIN, "timed out %s",
        format_count(view->timed_out).text);
    if (isfinite(view->worst_p99_seconds) && view->answers > 0)
        brief(add(&row, 5, TINT_PLAIN, "worst second %s at %s",
                  known_seconds(view->worst_p99_seconds).text, clock_words(view->worst_at).text),
              "worst %s at %s", known_seconds(view->worst_p99_seconds).text,
              clock_words(view->worst_at).text);
    put_row(next_line(block, style, "time"), &row, columns, style);
}

static int tint_of_status(int status) {
    switch (statuses_class_of(status)) {
    case STATUS_CLASS_2XX: return TINT_PLAIN;
    case STATUS_CLASS_4XX:
    case STATUS_CLASS_5XX: return TINT_BAD;
    default: return TINT_WARN;
    }
}

/* Statuses that came most; where there is no room for all, errors stay. */
static void draw_statuses(struct block *block, const struct block_view *view, int columns,
                          struct style style) {
    const struct statuses *statuses = &view->statuses;
    struct block_row row = {.gap = 3, .rest = statuses->more ? REST_OTHERS : REST_COUNTED};
    for (size_t i = 0; i < statuses->count; i++) {
        const struct statuses_count *item = &statuses->items[i];
        int tint = tint_of_status(item->status);
        add(&row,
            tint == TINT_BAD    ? 0
            : tint == TINT_WARN ? 1
                                : 2,
            tint, "%d: %s", item->status, format_count(item->count).text);
    }
    if (statuses->count == 0)
        add(&row, 0, TINT_PLAIN, "no answer yet");
    else if (!statuses->more && statuses->others == 0)
        add(&row, RANK_REMARK, TINT_PLAIN, "all 2xx");
    put_row(next_line(block, style, "status"), &row, columns, style);
}

/* The outcome that most connections ended in, of those not drawn; below zero: none is left. */
static int most_frequent(const uint64_t ends[static OUTCOME_COUNT],
                         const bool drawn[static OUTCOME_COUNT]) {
    int most = -1;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (!drawn[i] && ends[i] > 0 && (most < 0 || ends[i] > ends[most]))
            most = i;
    return most;
}

/* Why connections ended, the most frequent first; what is no fault of the run's is not news. */
static void draw_ends(struct block *block, const struct block_view *view, int columns,
                      struct style style) {
    struct block_row row = {.gap = 3, .rest = REST_COUNTED};
    bool drawn[OUTCOME_COUNT] = {false};
    for (int rank = 0, most; (most = most_frequent(view->ends, drawn)) >= 0; rank++) {
        drawn[most] = true;
        bool closed = most == OUTCOME_closed_idle || most == OUTCOME_closed_announced;
        if (rank < ITEMS_MAX - 1)
            add(&row, rank, closed ? TINT_WARN : TINT_BAD, "%s %s",
                outcome_name((enum outcome)most), format_count(view->ends[most]).text);
        else
            row.left_out++;
    }
    if (row.count == 0)
        add(&row, 0, TINT_PLAIN, strcmp(view->phase, "done") == 0 ? "none" : "none so far");
    put_row(next_line(block, style, "ended"), &row, columns, style);
}

/* The verdict so far: what cannot come right is broken, what may is not yet. */
static void draw_rules(struct block *block, const struct block_view *view, int columns,
                       struct style style) {
    struct block_row row = {.gap = 3};
    size_t holding = view->rules - view->rules_open - view->rules_broken;
    if (view->verdict[0] != '\0')
        add(&row, 0, (int)view->verdict_tint, "%s", view->verdict);
    if (view->rules == 0)
        add(&row, 1, TINT_PLAIN, "not judged yet");
    else if (view->rules_broken > 0)
        add(&row, 1, TINT_BAD, "broken: %s", view->rule);
    else if (view->rules_open > 0)
        add(&row, 1, TINT_WARN, "%s: %s", view->verdict[0] != '\0' ? "broken" : "not yet",
            view->rule);
    if (view->rules > 0)
        add(&row, 2, TINT_PLAIN, holding == view->rules ? "all %zu hold" : "%zu of %zu hold",
            holding, view->rules);
    put_row(next_line(block, style, "rules"), &row, columns, style);
}

/* Past nine tenths of a limit. */
static int near(int64_t used, int64_t limit) {
    return used >= 0 && limit > 0 && used > limit - limit / 10 ? TINT_WARN : TINT_PLAIN;
}

static void draw_here(struct block *block, const struct block_view *view, int columns,
                      struct style style) {
    struct block_row row = {.gap = 3};
    struct format_text used = known_count(view->files_used), limit = known_count(view->files_limit);
    brief(add(&row, 0, near(view->files_used, view->files_limit), "fds %s of %s", used.text,
              limit.text),
          "fds %s/%s", used.text, limit.text);
    used = known_count(view->ports_used);
    limit = known_count(view->ports_have);
    brief(add(&row, 1, near(view->ports_used, view->ports_have), "ports %s of %s", used.text,
              limit.text),
          "ports %s/%s", used.text, limit.text);
    add(&row, 2, TINT_PLAIN, "cpu %s", known_percent(view->cpu_percent).text);
    add(&row, 4, TINT_PLAIN, "rss %s", known_bytes(view->rss_bytes).text);
    struct format_text lag = known_seconds(view->lag_seconds);
    brief(add(&row, 3, TINT_PLAIN, "loop lag %s", lag.text), "lag %s", lag.text);
    put_row(next_line(block, style, "here"), &row, columns, style);
}

/* The first limit, and the one that would come then. */
static void draw_next(struct block *block, const struct block_view *view, int columns,
                      struct style style) {
    const struct headroom *headroom = &view->headroom;
    struct block_line *line = next_line(block, style, "next");
    struct block_row row = {.gap = 2};
    char workers[40] = "", then[ITEM_BYTES / 3] = "";
    if (headroom->count == 0) {
        add(&row, 0, TINT_PLAIN, "first limit: not known");
        put_row(line, &row, columns, style);
        return;
    }
    struct format_text first = known_count(headroom->limits[0].connections);
    const char *name = headroom_name(headroom->limits[0].kind);
    if (headroom->limits[0].kind == HEADROOM_DESCRIPTORS)
        snprintf(workers, sizeof workers, " (%.26s worker%s)", format_count(view->workers).text,
                 view->workers == 1 ? "" : "s");
    if (headroom->count > 1)
        snprintf(then, sizeof then, ", then %s at %.30s", headroom_name(headroom->limits[1].kind),
                 known_count(headroom->limits[1].connections).text);
    struct item *item = add(&row, 0, TINT_PLAIN, "first limit: %s at %s connections%s%s", name,
                            first.text, workers, then);
    brief(item, "first limit: %s at %s%s%s", name, first.text, workers, then);
    if (columns_of_text(item->brief) > columns - line->columns)
        brief(item, "first limit: %s at %s%s", name, first.text, workers);
    put_row(line, &row, columns, style);
}

/* --- sparklines --- */

enum sparkline { SPARKLINE_LIVE, SPARKLINE_RATE, SPARKLINE_P99 };
enum { SPARKLINE_LEVELS = 7 };

static double sparkline_value(const struct block_second *second, enum sparkline sparkline) {
    switch (sparkline) {
    case SPARKLINE_LIVE: return second->live;
    case SPARKLINE_RATE: return second->per_second;
    case SPARKLINE_P99: return second->p99_seconds;
    }
    return NAN;
}

/* So many seconds, or cells of several, the latest at the end of `room` of them. */
struct curve {
    const struct block_second *items;
    int count, room;
};

/* Cell i of n covers a part of them. Of what was measured then: the fewest connections, the
 * greatest p99, the mean rate. */
static double sparkline_cell(const struct curve *curve, enum sparkline sparkline, int i, int n) {
    double sum = 0, least = NAN, most = NAN;
    int measured = 0, missing = curve->room - curve->count;
    int from = i * curve->room / n, to = (i + 1) * curve->room / n;
    for (int at = from; at < to || at == from; at++) {
        double value =
            at >= missing ? sparkline_value(&curve->items[at - missing], sparkline) : NAN;
        if (!isfinite(value) || value < 0)
            continue;
        measured++;
        sum += value;
        least = fmin(least, value); /* of a NAN and a number both take the number */
        most = fmax(most, value);
    }
    if (sparkline == SPARKLINE_RATE)
        return measured > 0 ? sum / measured : NAN;
    return sparkline == SPARKLINE_LIVE ? least : most;
}

/* Live connections stand against the target, rates against the greatest; of a p99 each step is a
 * doubling over the least. */
static int sparkline_level(enum sparkline sparkline, double value, double least, double most,
                           double target) {
    double level = 0;
    if (sparkline == SPARKLINE_P99)
        level = least > 0 ? log2(value / least) : 0;
    else if (sparkline == SPARKLINE_LIVE)
        level = target > 0 ? value / target * (SPARKLINE_LEVELS - 1) : 0;
    else
        level = most > 0 ? value / most * (SPARKLINE_LEVELS - 1) : 0;
    if (!(level > 0))
        return 0;
    return level < SPARKLINE_LEVELS - 1 ? (int)level : SPARKLINE_LEVELS - 1;
}

static void put_sparkline(struct block_line *line, const struct curve *curve, uint64_t target,
                          enum sparkline sparkline, int cells, struct style style) {
    static const char *const utf8[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                       "\u2585", "\u2586", "\u2587"};
    static const char *const ascii[] = {".", ":", "-", "=", "+", "*", "#"};
    double values[BLOCK_SECONDS], least = INFINITY, most = 0;
    for (int i = 0; i < cells; i++) {
        values[i] = sparkline_cell(curve, sparkline, i, cells);
        least = fmin(least, values[i]);
        most = fmax(most, values[i]);
    }
    for (int i = 0; i < cells; i++) {
        int level = sparkline_level(sparkline, values[i], least, most, (double)target);
        put_wide(line, isnan(values[i]) ? " " : style.utf8 ? utf8[level] : ascii[level], 1);
    }
}

static void draw_curve(struct block *block, const char *label, const struct curve *curve,
                       uint64_t target, int columns, struct style style) {
    static const char *const names[] = {"live ", "   req/s ", "   p99 "};
    struct block_line *line = next_line(block, style, label);
    int room = columns - line->columns;
    for (int i = 0; i < 3; i++)
        room -= (int)strlen(names[i]);
    int cells = room / 3 < BLOCK_SECONDS ? room / 3 : BLOCK_SECONDS;
    for (int i = 0; i < 3; i++) {
        put(line, names[i]);
        put_sparkline(line, curve, target, (enum sparkline)i, cells, style);
    }
    while (line->text[line->length - 1] == ' ') {
        line->text[--line->length] = '\0';
        line->columns--;
    }
}

static void draw_curves(struct block *block, const struct block_view *view, int columns,
                        struct style style) {
    struct curve minute = {view->seconds, (int)view->second_count, BLOCK_SECONDS};
    struct curve run = {view->history.cells, (int)view->history.count, (int)view->history.count};
    draw_curve(block, "60 s", &minute, view->target, columns, style);
    if (view->history.span > 1)
        draw_curve(block, "run", &run, view->target, columns, style);
}

static struct block_second merged(const struct block_second *a, double weight,
                                  const struct block_second *b, double added) {
    return (struct block_second){
        .live = fmin(a->live, b->live),
        .per_second = isnan(a->per_second) ? b->per_second
                      : isnan(b->per_second)
                          ? a->per_second
                          : (a->per_second * weight + b->per_second * added) / (weight + added),
        .p99_seconds = fmax(a->p99_seconds, b->p99_seconds),
    };
}

static void history_halve(struct block_history *history) {
    struct block_second *cells = history->cells;
    for (size_t i = 0; i < history->count / 2; i++)
        cells[i] = merged(&cells[2 * i], 1, &cells[2 * i + 1], 1);
    history->count /= 2;
    history->span *= 2;
    history->filled = history->span;
}

void block_history_add(struct block_history *history, const struct block_second *second) {
    if (history->span == 0)
        history->span = history->filled = 1;
    if (history->filled == history->span && history->count == BLOCK_SECONDS)
        history_halve(history);
    if (history->filled == history->span) {
        history->cells[history->count++] = *second;
        history->filled = 1;
        return;
    }
    struct block_second *open = &history->cells[history->count - 1];
    *open = merged(open, history->filled, second, 1);
    history->filled++;
}

/* --- the whole --- */

static void draw_line(struct block *block, const struct block_view *view, int width,
                      struct style style) {
    struct block_row row = {.gap = 2};
    block->count = 0;
    add(&row, 2, TINT_STRONG, "%.12s %s", view->phase, clock_words(view->elapsed).text);
    struct format_text live = format_count(view->live);
    brief(add(&row, 0, TINT_PLAIN, "live %s of %s", live.text, format_count(view->target).text),
          "live %s", live.text);
    add(&row, 2, view->closed > 0 ? TINT_WARN : TINT_PLAIN, "closed %s",
        format_count(view->closed).text);
    add(&row, 1, view->errored > 0 ? TINT_BAD : TINT_PLAIN, "errored %s",
        format_count(view->errored).text);
    if (view->statuses.others > 0)
        brief(add(&row, 1, view->statuses.errors > 0 ? TINT_BAD : TINT_WARN, "%.120s",
                  status_words(&view->statuses).text),
              "%.*s", (int)strcspn(status_words(&view->statuses).text, ","),
              status_words(&view->statuses).text);
    if (view->verdict[0] != '\0')
        add(&row, 0, (int)view->verdict_tint, "%.*s", (int)strcspn(view->verdict, ","),
            view->verdict);
    else if (view->rules_broken > 0)
        brief(add(&row, 1, TINT_BAD, "broken %s", view->rule), "broken");
    add(&row, 3, TINT_PLAIN, "%s", known_rate(view->client_per_second).text);
    add(&row, 4, TINT_PLAIN, "p99 %s", quantile(view, view->p99).text);
    put_row(next_line(block, style, ""), &row, columns_of(width), style);
}

void block_draw_line(struct block *block, const struct block_view *view, int width,
                     struct style style) {
    bool before = format_group_digits(style.group_digits);
    draw_line(block, view, width, style);
    format_group_digits(before);
}

static void draw_lines(struct block *block, const struct block_view *view, int columns,
                       struct style style) {
    block->count = 0;
    draw_header(block, view, columns, style);
    draw_connections(block, view, columns, style);
    draw_ledger(block, view, columns, style);
    draw_hold(block, view, columns, style);
    draw_rate(block, view, columns, style);
    draw_time(block, view, columns, style);
    draw_statuses(block, view, columns, style);
    draw_ends(block, view, columns, style);
    draw_rules(block, view, columns, style);
    draw_here(block, view, columns, style);
    draw_next(block, view, columns, style);
    draw_curves(block, view, columns, style);
}

void block_draw(struct block *block, const struct block_view *view, int width, struct style style) {
    bool before = format_group_digits(style.group_digits);
    if (fits(width))
        draw_lines(block, view, columns_of(width), style);
    else
        draw_line(block, view, width, style);
    format_group_digits(before);
}
