/* SPDX-License-Identifier: MIT */
/*
 * A terminal of some rows, for tests of what is sent to one. It knows what lib/line may send and takes notice of all else;
 * it is written from the description of a terminal, not from lib/line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCREEN_ROWS = 24, SCREEN_COLUMNS_MAX = 200, SCREEN_CELL_BYTES = 32 };

struct screen {
    uint32_t columns;
    uint32_t row, column;
    uint32_t bells, scrolled;
    bool has_wrapped;    /* something was written past the last column */
    bool is_unsure;      /* a character came of which screen_width() does not know how wide it is */
    const char *strange; /* what came that a terminal need not know; NULL: nothing */
    char cells[SCREEN_ROWS][SCREEN_COLUMNS_MAX]
              [SCREEN_CELL_BYTES]; /* what stands there; "" right of a wide one */
    char pending[16];              /* of a sequence or a character */
    size_t pending_length;
};

void screen_init(struct screen *screen, uint32_t columns);
void screen_write(struct screen *screen, const char *bytes, size_t length);

/** screen_row() - the text of a row without the blanks at its end; valid until the next call. */
const char *screen_row(const struct screen *screen, uint32_t row);

/** screen_width() - columns of a character: the few that tests use. */
uint32_t screen_width(uint32_t character);
