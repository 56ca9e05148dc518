/* SPDX-License-Identifier: MIT */
#include "screen/screen.h"

#include <stdlib.h>
#include <string.h>

void screen_init(struct screen *screen, uint32_t columns)
{
    memset(screen, 0, sizeof(*screen));
    screen->columns = columns;
    for (uint32_t row = 0; row < SCREEN_ROWS; row++) {
        for (uint32_t column = 0; column < SCREEN_COLUMNS_MAX; column++) {
            strcpy(screen->cells[row][column], " ");
        }
    }
}

uint32_t screen_width(uint32_t character)
{
    if ((character >= 0x300 && character < 0x370) || character == 0x200d) {
        return 0;
    }
    return (character >= 0x3041 && character <= 0x9fff) ||
                   (character >= 0x1f300 && character < 0x1f650)
               ? 2
               : 1;
}

static void erase(struct screen *screen, uint32_t row, uint32_t from)
{
    for (uint32_t column = from; column < screen->columns; column++) {
        strcpy(screen->cells[row][column], " ");
    }
}

static void row_next(struct screen *screen)
{
    screen->column = 0;
    if (++screen->row == SCREEN_ROWS) {
        screen->row--;
        screen->scrolled++;
        memmove(screen->cells[0], screen->cells[1],
                sizeof(screen->cells) - sizeof(screen->cells[0]));
        erase(screen, screen->row, 0);
    }
}

/* Overwriting half of a wide character leaves a blank in the place of the other half. */
static void cell_free(struct screen *screen, uint32_t column)
{
    char(*row)[SCREEN_CELL_BYTES] = screen->cells[screen->row];

    if (row[column][0] == 0 && column > 0) {
        strcpy(row[column - 1], " ");
    }
    if (column + 1 < screen->columns && row[column + 1][0] == 0) {
        strcpy(row[column + 1], " ");
    }
    strcpy(row[column], " ");
}

static void mark_put(struct screen *screen, const char *text)
{
    uint32_t column = screen->column;

    if (column == 0) {
        screen->strange = "a mark on nothing";
        return;
    }
    column -= screen->cells[screen->row][column - 1][0] == 0 ? 2 : 1;
    if (strlen(screen->cells[screen->row][column]) + strlen(text) < SCREEN_CELL_BYTES) {
        strcat(screen->cells[screen->row][column], text);
    }
}

static void character_put(struct screen *screen, const char *text, uint32_t character)
{
    uint32_t width = screen_width(character);

    screen->is_unsure |= width == 1 && character >= 0x300;
    if (width == 0) {
        mark_put(screen, text);
        return;
    }
    if (screen->column + width > screen->columns) {
        screen->has_wrapped = true;
        row_next(screen);
    }
    for (uint32_t i = 0; i < width; i++) {
        cell_free(screen, screen->column + i);
    }
    strcpy(screen->cells[screen->row][screen->column], text);
    if (width == 2) {
        screen->cells[screen->row][screen->column + 1][0] = 0;
    }
    screen->column += width;
}

static void sequence_do(struct screen *screen, const char *sequence)
{
    char *end = NULL;
    unsigned long number = strtoul(sequence + 2, &end, 10);

    if (strcmp(end, "C") == 0) {
        screen->column += (uint32_t)(number != 0 ? number : 1);
        if (screen->column >= screen->columns) {
            screen->strange = "the cursor leaves its row";
            screen->column = screen->columns - 1;
        }
    } else if (strcmp(sequence, "\x1b[K") == 0) {
        erase(screen, screen->row, screen->column);
    } else if (strcmp(sequence, "\x1b[H") == 0) {
        screen->row = screen->column = 0;
    } else if (strcmp(sequence, "\x1b[2J") == 0) {
        for (uint32_t row = 0; row < SCREEN_ROWS; row++) {
            erase(screen, row, 0);
        }
    } else {
        screen->strange = "an unknown sequence";
    }
}

static void control_do(struct screen *screen, char byte)
{
    switch (byte) {
    case '\r':
        screen->column = 0;
        break;
    case '\n':
        row_next(screen); /* the road to the terminal makes \r\n of it */
        break;
    case '\b':
        if (screen->column == 0) {
            screen->strange = "a step back from the first column";
        } else {
            screen->column--;
        }
        break;
    case '\a':
        screen->bells++;
        break;
    default:
        screen->strange = "an unknown control character";
        break;
    }
}

/* True: the pending bytes are complete. */
static bool character_take(struct screen *screen)
{
    unsigned char first = (unsigned char)screen->pending[0];
    size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t character = size == 1 ? first : first & (0x7fu >> size);

    if (screen->pending_length < size) {
        return false;
    }
    for (size_t i = 1; i < size; i++) {
        if (((unsigned char)screen->pending[i] & 0xc0) != 0x80) {
            screen->strange = "no UTF-8";
        }
        character = character << 6 | ((unsigned char)screen->pending[i] & 0x3f);
    }
    if (first >= 0x80 && first < 0xc0) {
        screen->strange = "no UTF-8";
        return true;
    }
    character_put(screen, screen->pending, character);
    return true;
}

static void byte_do(struct screen *screen, char byte)
{
    bool is_sequence = screen->pending_length != 0 && screen->pending[0] == 0x1b;

    if (screen->pending_length + 1 >= sizeof(screen->pending)) {
        screen->strange = "a sequence that does not end";
        screen->pending_length = 0;
    }
    if (!is_sequence && (unsigned char)byte < ' ' && byte != 0x1b) {
        control_do(screen, byte);
        return;
    }
    screen->pending[screen->pending_length++] = byte;
    screen->pending[screen->pending_length] = 0;
    if (screen->pending[0] == 0x1b) {
        bool is_end = screen->pending_length > 2 && byte >= '@';

        if (is_end) {
            sequence_do(screen, screen->pending);
        }
        screen->pending_length = is_end ? 0 : screen->pending_length;
    } else if (character_take(screen)) {
        screen->pending_length = 0;
    }
}

void screen_write(struct screen *screen, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        byte_do(screen, bytes[i]);
    }
}

const char *screen_row(const struct screen *screen, uint32_t row)
{
    static char text[SCREEN_COLUMNS_MAX * SCREEN_CELL_BYTES + 1];
    size_t length = 0, end = 0;

    for (uint32_t column = 0; column < screen->columns; column++) {
        const char *cell = screen->cells[row][column];

        strcpy(&text[length], cell);
        length += strlen(cell);
        end = strcmp(cell, " ") == 0 ? end : length;
    }
    text[end] = 0;
    return text;
}
