/* SPDX-License-Identifier: MIT */
/*
 * A 16550, which the kernel uses as well: it writes to it at any time, for its debug output, and has set speed and format.
 * So the divisor latch is never opened here, and one place of the sender's FIFO is left for a character of the
 * kernel's, which waits for an empty FIFO before each.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"

struct uart_io {
    uint8_t (*read)(void *context, uint32_t number);
    void (*write)(void *context, uint32_t number, uint8_t value);
    void *context;
};

struct uart {
    struct uart_io io;
    uint32_t room;    /* bytes to send at once, when all was sent */
    uint8_t enabled;  /* interrupts */
    uint8_t modem;    /* lines to the other end */
    uint8_t identify; /* as last read */

    uint64_t received, sent;
    uint64_t overruns; /* times that the device had lost input */
    uint64_t damaged;  /* characters with an error, and breaks */
};

/**
 * uart_start() - find it, and take it over as it is: what was received before is there to be read. No interrupt is enabled.
 * Errors: ERR_NO_ENTRY  there is no UART. Borrows what @io names, as long as the UART is used.
 */
MUST_CHECK err_t uart_start(struct uart *uart, const struct uart_io *io);

/** uart_receive() - what came, at most @max bytes; gives how much. */
uint32_t uart_receive(struct uart *uart, uint8_t *bytes, uint32_t max);

/** uart_send() - as many of these bytes as there is room for; gives how many. @sent is called after each one, if not NULL. */
uint32_t uart_send(struct uart *uart, const uint8_t *bytes, uint32_t count,
                   void (*sent)(void *context), void *context);

/**
 * uart_listen() - which interrupts are wanted. Without input the other end is asked to wait (RTS), and what it sends
 * nevertheless is lost once the FIFO is full.
 */
void uart_listen(struct uart *uart, bool input, bool room);

/** uart_rest() - true: an interrupt will come when there is something to do; false: there is something now. */
bool uart_rest(struct uart *uart);
