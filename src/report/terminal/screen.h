/* The screen: keeps the live block at the bottom of a terminal that others write to as well. */
#ifndef REPORT_TERMINAL_SCREEN_H
#define REPORT_TERMINAL_SCREEN_H

#include "options/options.h"
#include "report/format/log.h"
#include "report/format/style.h"
#include "report/terminal/block.h"

/* The block stands on standard error, the cursor always in the line below it: whatever comes next,
 * a shell's prompt or a summary, stands under the block. No raw mode, no alternate screen. */
struct screen {
    int fd;   /* -1: there is no block */
    bool own; /* fd is an opening of ours, and does not block */
    struct style style;
    int width, height;
    bool has_view;
    struct block_view view; /* the latest */
    size_t lines;           /* of ours that stand above the cursor, and how wide they are */
    int columns[BLOCK_LINES_MAX];
    size_t from, to; /* what the terminal has not taken yet */
    char pending[32768];
};

/* Decides whether there is a block: with auto on a terminal unless TERM is dumb or CI is set; with
 * block on a terminal that is not dumb. */
void screen_open(struct screen *screen, enum option_ui ui, bool quiet, enum option_color color);
bool screen_is_open(const struct screen *screen);

/* Draws the view in place of the former one. Never waits for the terminal: a frame that it has no
 * room for is left out. Nothing is drawn while we are in the background. */
void screen_show(struct screen *screen, const struct block_view *view);

/* A line (without its end) above the block; on standard error when there is none. */
void screen_print(struct screen *screen, enum log_level level, const char *line);

/* The terminal has another size: draws anew. */
void screen_resized(struct screen *screen);

/* We were stopped, and others have written since: draws anew, below. */
void screen_resumed(struct screen *screen);

/* Leaves the last frame where it stands. */
void screen_close(struct screen *screen);

#endif
