/* Draws docs/pictures/connection.svg: the states, edges, events and outcomes of a connection, as
 * conn_step() has them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/conn.h"

enum {
    NAMES_MAX = 64,
    NAME_BYTES = 48,
    LINES_MAX = 96,
    ERRNO_MAX = 134,
    LINE_COLUMNS = 44, /* of a list of outcomes, before the list is continued below */
};

enum { BOX_X = 110, BOX_WIDTH = 150, CLOSING_X = 730, LINE_HEIGHT = 17, TOP = 78, WIDTH = 880 };

struct names {
    char text[NAMES_MAX][NAME_BYTES];
    int count; /* without the enum's last member, which counts them */
};

/* How one event leads from one state to another: the outcomes that its details decide. */
struct transition {
    bool exists;
    bool outcomes[OUTCOME_COUNT + 1]; /* OUTCOME_COUNT: none */
};

static struct names states, events;
static struct transition table[CONN_STATES][CONN_STATES][NAMES_MAX];

static void fail(const char *what) {
    fprintf(stderr, "connection_picture: %s\n", what);
    exit(1);
}

static void add_name(struct names *names, const char *word, const char *prefix) {
    size_t skip = strncmp(word, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
    if (names->count == NAMES_MAX)
        fail("an enum has too many members");
    snprintf(names->text[names->count++], NAME_BYTES, "%s", word + skip);
}

/* The members of one enum of the header, in their order; each stands first on its line. */
static void read_names(struct names *names, FILE *header, const char *tag, const char *prefix) {
    char line[256], word[NAME_BYTES];
    bool inside = false;
    rewind(header);
    while (fgets(line, sizeof line, header) != NULL) {
        if (!inside)
            inside = strncmp(line, tag, strlen(tag)) == 0;
        else if (strncmp(line, "};", 2) == 0)
            break;
        else if (sscanf(line, " %47[A-Z0-9_]", word) == 1)
            add_name(names, word, prefix);
    }
    if (names->count < 2)
        fail("an enum is not in the header");
    names->count--;
}

/* Before the freeze and behind it. */
static void note_step(const struct conn *conn, int event, struct conn_view view) {
    for (int frozen = 0; frozen <= 1; frozen++) {
        view.frozen = frozen == 1;
        struct conn_step_result step = conn_step(conn, (enum conn_event)event, view);
        if (!step.legal)
            continue;
        struct transition *transition = &table[conn->state][step.next][event];
        transition->exists = true;
        transition->outcomes[step.outcome] = true;
    }
}

/* Every errno and every residue of bytes is tried, with and without a begun answer. */
static void fill_table(void) {
    for (unsigned state = 0; state < CONN_STATES; state++) {
        for (int event = 0; event < events.count; event++) {
            for (int error = 0; error < ERRNO_MAX; error++)
                for (int mid = 0; mid <= 1; mid++)
                    note_step(&(struct conn){.state = state & 0xff, .error = (uint16_t)error},
                              event, (struct conn_view){.mid = mid == 1});
            for (int residue = EXCHANGE_CLEAN; residue <= EXCHANGE_BEGUN; residue++)
                note_step(&(struct conn){.state = state & 0xff}, event,
                          (struct conn_view){.residue = (enum exchange_residue)residue});
        }
    }
}

static bool edge_taken(int from, int to) {
    for (int event = 0; event < events.count; event++) {
        if (table[from][to][event].exists)
            return true;
    }
    return false;
}

/* conn_step() takes the edges that conn_edge() allows, and no other. */
static void check_edges(void) {
    for (int from = 0; from < CONN_STATES; from++) {
        for (int to = 0; to < CONN_STATES; to++) {
            bool allowed = conn_edge((enum conn_state)from, (enum conn_state)to);
            if (from != to && edge_taken(from, to) != allowed)
                fail("conn_step() and conn_edge() disagree on an edge");
        }
    }
}

static const char *lower(const char *name) {
    static char text[NAME_BYTES];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + ('a' - 'A')) : name[i];
    return text;
}

/* One drawn line of an edge's list: an event, or the continuation of its outcomes. */
struct list_line {
    int event; /* -1: continued */
    int first, last;
};

struct list {
    struct list_line lines[LINES_MAX];
    int count;
};

static void list_outcomes(struct list *list, int event, const struct transition *transition) {
    struct list_line *line = &list->lines[list->count++];
    size_t columns = 0;
    *line = (struct list_line){event, 0, -1};
    for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        if (!transition->outcomes[outcome])
            continue;
        size_t length = strlen(outcome_name((enum outcome)outcome)) + 2;
        if (columns > 0 && columns + length > LINE_COLUMNS && list->count < LINES_MAX) {
            line = &list->lines[list->count++];
            *line = (struct list_line){-1, outcome, outcome};
            columns = 0;
        }
        line->last = outcome;
        columns += length;
    }
}

static struct list list_edge(int from, int to) {
    struct list list = {.count = 0};
    for (int event = 0; event < events.count && list.count < LINES_MAX; event++) {
        if (table[from][to][event].exists)
            list_outcomes(&list, event, &table[from][to][event]);
    }
    return list;
}

static void text_at(int x, int y, const char *class, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    vprintf(format, arguments);
    puts("</text>");
    va_end(arguments);
}

static void arrow(int x1, int y1, int x2, int y2) {
    printf("<path d=\"M%d %d L%d %d\" class=\"edge\" marker-end=\"url(#head)\"/>\n", x1, y1, x2,
           y2);
}

static void print_outcomes(const struct list_line *line, const struct transition *transition) {
    for (int outcome = line->first; outcome <= line->last; outcome++) {
        if (transition->outcomes[outcome])
            printf(" <tspan class=\"%s\">%s</tspan>",
                   outcome_side_name(outcome_side((enum outcome)outcome)),
                   outcome_name((enum outcome)outcome));
    }
}

/* The events of an edge, one below the other, each with the outcomes it may end in. */
static void draw_list(const struct list *list, int from, int to, int x, int y) {
    int event = 0;
    for (int i = 0; i < list->count; i++) {
        const struct list_line *line = &list->lines[i];
        if (line->event >= 0)
            event = line->event;
        if (line->event >= 0)
            text_at(x, y + i * LINE_HEIGHT, "event", "%s", lower(events.text[event]));
        printf("<text x=\"%d\" y=\"%d\">", x + 118, y + i * LINE_HEIGHT);
        print_outcomes(line, &table[from][to][event]);
        puts("</text>");
    }
}

static void draw_events(const struct list *list, int x, int y, const char *class) {
    for (int i = 0; i < list->count; i++)
        text_at(x, y + i * LINE_HEIGHT, class, "%s", lower(events.text[list->lines[i].event]));
}

static void draw_box(int x, int y, int width, int height, int state) {
    printf("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\" class=\"box\"/>\n", x, y,
           width, height);
    text_at(x + width / 2, y + 24, "state middle", "%s", states.text[state]);
    struct list stays = list_edge(state, state);
    if (stays.count == 0)
        return;
    text_at(x + width / 2, y + 43, "dim middle", "stays on");
    draw_events(&stays, x + width / 2, y + 43 + LINE_HEIGHT, "event middle");
}

static int most(int a, int b) {
    return a > b ? a : b;
}

static int box_height(int state) {
    int stays = list_edge(state, state).count, ends = list_edge(state, CONN_CLOSING).count;
    int own = stays == 0 ? 40 : 54 + stays * LINE_HEIGHT;
    return most(own, ends == 0 ? 0 : 22 + ends * LINE_HEIGHT);
}

/* Between two neighbours: down on the left, up on the right. */
static int draw_gap(int upper, int y) {
    struct list down = list_edge(upper, upper + 1), up = list_edge(upper + 1, upper);
    int height = most(34, 16 + most(down.count, up.count) * LINE_HEIGHT), x = BOX_X + BOX_WIDTH / 2;
    if (down.count > 0) {
        arrow(x - 14, y, x - 14, y + height - 2);
        draw_events(&down, x - 24, y + height / 2 + 4 - (down.count - 1) * LINE_HEIGHT / 2,
                    "event end");
    }
    if (up.count > 0) {
        arrow(x + 14, y + height, x + 14, y + 2);
        draw_events(&up, x + 24, y + height / 2 + 4 - (up.count - 1) * LINE_HEIGHT / 2, "event");
    }
    return y + height;
}

/* Edges to a state further down, in front of the column; each a little further out. */
static void draw_skips(const int *tops) {
    int out = 0;
    for (int from = 0; from < CONN_CLOSING; from++) {
        for (int to = 0; to < CONN_CLOSING; to++) {
            if (abs(from - to) < 2 || !edge_taken(from, to))
                continue;
            struct list list = list_edge(from, to);
            int x = BOX_X - 24 - 14 * out++, y1 = tops[from] + 30, y2 = tops[to] + 14;
            printf("<path d=\"M%d %d H%d V%d H%d\" class=\"edge\" marker-end=\"url(#head)\"/>\n",
                   BOX_X, y1, x, y2, BOX_X - 2);
            draw_events(&list, x - 8, y1 + 20, "event end");
        }
    }
}

static void draw_end(int state, int y, int height) {
    struct list ends = list_edge(state, CONN_CLOSING);
    if (ends.count == 0)
        return;
    int x = BOX_X + BOX_WIDTH;
    draw_list(&ends, state, CONN_CLOSING, x + 26, y + 14);
    arrow(x, y + height - 8, CLOSING_X - 2, y + height - 8);
}

static const char style[] =
    "<style>\n"
    "text{font:13px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#24292f}\n"
    ".page{fill:#fff}.box{fill:#eef2f7;stroke:#57606a}.edge{fill:none;stroke:#57606a;"
    "stroke-width:1.4}.tip{fill:#57606a}\n"
    ".title{font-size:15px;font-weight:bold}.state{font-weight:bold}.event{font-weight:bold}"
    ".dim{fill:#57606a}\n"
    ".middle{text-anchor:middle}.end{text-anchor:end}\n"
    ".tester{fill:#8250df}.network{fill:#9a6700}.server{fill:#cf222e}.us{fill:#1a7f37}\n"
    "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}"
    ".box{fill:#1c2430;stroke:#8b949e}.edge{stroke:#8b949e}.tip,.dim{fill:#9da7b3}\n"
    ".tester{fill:#d2a8ff}.network{fill:#e3b341}.server{fill:#ff7b72}.us{fill:#56d364}}\n"
    "</style>\n";

static void draw_legend(void) {
    text_at(24, 30, "title", "A connection's life");
    text_at(24, 52, "dim", "bold: the event; behind it the outcomes it may end in, by side:");
    int x = 530;
    for (int side = SIDE_TESTER; side <= SIDE_US; side++) {
        const char *name = outcome_side_name((enum outcome_side)side);
        text_at(x, 52, name, "%s", name);
        x += 84;
    }
}

static int column_height(void) {
    int y = TOP;
    for (int state = CONN_VACANT; state < CONN_CLOSING; state++) {
        y += box_height(state);
        if (state + 1 < CONN_CLOSING)
            y += most(34, 16 + most(list_edge(state, state + 1).count,
                                    list_edge(state + 1, state).count) *
                                   LINE_HEIGHT);
    }
    return y;
}

static void draw(void) {
    int bottom = column_height(), tops[CONN_STATES] = {0};
    printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
           "height=\"%d\" role=\"img\" aria-label=\"States of a connection\">\n",
           WIDTH, bottom + 24, WIDTH, bottom + 24);
    printf("<!-- Generated from src/engine/conn.c by tools/generate-docs: do not edit. -->\n%s",
           style);
    puts("<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" "
         "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" "
         "class=\"tip\"/></marker></defs>");
    printf("<rect width=\"%d\" height=\"%d\" class=\"page\"/>\n", WIDTH, bottom + 24);
    draw_legend();
    int y = TOP;
    for (int state = CONN_VACANT; state < CONN_CLOSING; state++) {
        int height = box_height(state);
        tops[state] = y;
        draw_box(BOX_X, y, BOX_WIDTH, height, state);
        draw_end(state, y, height);
        y += height;
        if (state + 1 < CONN_CLOSING)
            y = draw_gap(state, y);
    }
    draw_skips(tops);
    draw_box(CLOSING_X, TOP, WIDTH - 20 - CLOSING_X, bottom - TOP, CONN_CLOSING);
    struct list freed = list_edge(CONN_CLOSING, CONN_VACANT);
    arrow(CLOSING_X, TOP + 20, BOX_X + BOX_WIDTH + 2, TOP + 20);
    draw_events(&freed, (CLOSING_X + BOX_X + BOX_WIDTH) / 2, TOP + 14, "event middle");
    puts("</svg>");
}

int main(int argc, char **argv) {
    FILE *header = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (header == NULL)
        fail("usage: connection_picture src/engine/conn.h");
    read_names(&states, header, "enum conn_state {", "CONN_");
    read_names(&events, header, "enum conn_event {", "CONN_EVENT_");
    fclose(header);
    if (states.count != CONN_STATES)
        fail("the states of the header are not those it was built with");
    fill_table();
    check_edges();
    draw();
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
