/* Frames on a terminal: up to the block's first line, over it, and one write. */
#include "report/terminal/screen.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "options/options.h"
#include "report/format/line_writer.h"
#include "report/format/log.h"
#include "report/format/style.h"
#include "report/format/wrap.h"

enum { FD = STDERR_FILENO, CLOSE_TIMEOUT_MS = 500 };

/* --- bytes on their way --- */

static bool is_ready(int fd, int timeout_ms) {
    struct pollfd poller = {.fd = fd, .events = POLLOUT};
    return poll(&poller, 1, timeout_ms) == 1 && (poller.revents & POLLOUT) != 0;
}

/* Hands on what the terminal takes. One that went away takes everything. */
static void flush(struct screen *screen, int timeout_ms) {
    while (screen->from < screen->to && is_ready(screen->fd, timeout_ms)) {
        ssize_t written =
            write(screen->fd, screen->pending + screen->from, screen->to - screen->from);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN)
            break;
        screen->from = written < 0 ? screen->to : screen->from + (size_t)written;
    }
    if (screen->from == screen->to)
        screen->from = screen->to = 0;
}

/* --- frames --- */

struct frame {
    size_t length;
    char bytes[BLOCK_LINES_MAX * BLOCK_LINE_BYTES + 4096];
};

static void put(struct frame *frame, const char *text, size_t length) {
    if (length > sizeof frame->bytes - frame->length)
        length = sizeof frame->bytes - frame->length;
    memcpy(frame->bytes + frame->length, text, length);
    frame->length += length;
}

static void put_text(struct frame *frame, const char *text) {
    put(frame, text, strlen(text));
}

/* To the first column of our first line. Lines that are wider than the terminal has become take
 * several rows: terminals that change width fold them. */
static void put_up(struct screen *screen, struct frame *frame) {
    int rows = 0;
    for (size_t i = 0; i < screen->lines; i++)
        rows += screen->columns[i] > 0 ? (screen->columns[i] - 1) / screen->width + 1 : 1;
    char up[32];
    snprintf(up, sizeof up, "\033[%dA", rows);
    put_text(frame, "\r");
    if (rows > 0)
        put_text(frame, up);
}

static void put_block(struct screen *screen, struct frame *frame) {
    struct block block;
    if (screen->height > BLOCK_LINES_MAX)
        block_draw(&block, &screen->view, screen->width, screen->style);
    else
        block_draw_line(&block, &screen->view, screen->width, screen->style);
    for (size_t i = 0; i < block.count; i++) {
        put(frame, block.lines[i].text, block.lines[i].length);
        put_text(frame, "\033[K\n");
        screen->columns[i] = block.lines[i].columns;
    }
    screen->lines = block.count;
    put_text(frame, "\033[J");
}

static void hand_over(struct screen *screen, const struct frame *frame) {
    if (frame->length <= sizeof screen->pending - screen->to) {
        memcpy(screen->pending + screen->to, frame->bytes, frame->length);
        screen->to += frame->length;
    }
    flush(screen, 0);
}

/* In the background the terminal is another's: we draw nothing over it, and begin below when it is
 * ours again. */
static bool is_ours(struct screen *screen) {
    pid_t group = tcgetpgrp(screen->fd);
    if (group < 0 || group == getpgrp())
        return true;
    screen->lines = 0;
    return false;
}

/* Asked anew for each frame: the terminal may have folded our lines before its signal reaches us.
 */
static void read_size(struct screen *screen) {
    struct winsize size = {0};
    (void)ioctl(screen->fd, TIOCGWINSZ, &size);
    screen->width = size.ws_col > 0 ? size.ws_col : 80;
    screen->height = size.ws_row > 0 ? size.ws_row : 24;
}

static void draw(struct screen *screen, bool erase) {
    struct frame frame = {.length = 0};
    if (!screen->has_view || !is_ours(screen))
        return;
    int before = screen->width;
    read_size(screen);
    put_up(screen, &frame);
    if (erase || screen->width != before)
        put_text(&frame, "\033[J");
    put_block(screen, &frame);
    hand_over(screen, &frame);
}

/* --- the outside --- */

static bool is_set(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

static bool wants_block(enum option_ui ui, bool quiet) {
    if (quiet || (ui != UI_AUTO && ui != UI_BLOCK) || isatty(FD) != 1)
        return false;
    const char *term = getenv("TERM");
    if (term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0)
        return false;
    return ui == UI_BLOCK || !is_set("CI");
}

void screen_open(struct screen *screen, enum option_ui ui, bool quiet, enum option_color color) {
    *screen = (struct screen){.fd = -1};
    if (!wants_block(ui, quiet))
        return;
    screen->fd = line_writer_terminal(FD);
    screen->own = screen->fd >= 0;
    if (!screen->own)
        screen->fd = FD;
    screen->style = style_for(FD, color);
    read_size(screen);
}

bool screen_is_open(const struct screen *screen) {
    return screen->fd >= 0;
}

void screen_show(struct screen *screen, const struct block_view *view) {
    if (!screen_is_open(screen))
        return;
    screen->view = *view;
    screen->has_view = true;
    flush(screen, 0);
    if (screen->to == 0)
        draw(screen, false);
}

/* Between words, where the terminal is narrower; as it is without memory. */
static void put_folded(const struct screen *screen, struct frame *frame, const char *line) {
    struct memory_stream folded;
    bool whole = false;
    if (memory_stream_open(&folded)) {
        wrap_print(folded.out, line, screen->width);
        whole = memory_stream_close(&folded);
    }
    put_text(frame, whole ? folded.text : line);
    if (whole)
        free(folded.text);
}

void screen_print(struct screen *screen, enum log_level level, const char *line) {
    if (!screen_is_open(screen)) {
        fprintf(log_at(level), "%s\n", line);
        return;
    }
    struct frame frame = {.length = 0};
    bool ours = is_ours(screen);
    flush(screen, 0);
    read_size(screen);
    if (ours) {
        put_up(screen, &frame);
        put_text(&frame, "\033[J");
    }
    put_folded(screen, &frame, line);
    put_text(&frame, "\n");
    if (ours && screen->has_view)
        put_block(screen, &frame);
    hand_over(screen, &frame);
}

void screen_resized(struct screen *screen) {
    if (screen_is_open(screen))
        draw(screen, true);
}

void screen_resumed(struct screen *screen) {
    if (!screen_is_open(screen))
        return;
    screen->lines = 0;
    draw(screen, true);
}

void screen_close(struct screen *screen) {
    if (!screen_is_open(screen))
        return;
    struct frame frame = {.length = 0};
    if (screen->lines > 0) /* apart from what comes next */
        put_text(&frame, "\n");
    hand_over(screen, &frame);
    flush(screen, CLOSE_TIMEOUT_MS);
    if (screen->own)
        close(screen->fd);
    screen->fd = -1;
}
