/* SPDX-License-Identifier: MIT */
/* Must stay true: the status register is read before each byte, and each of its errors, which reading clears, is counted. */
#include "uart16550/uart.h"

#include <stddef.h>

#include "uart16550/registers.h"

enum { SCRATCH_ONE = 0x5a, SCRATCH_TWO = 0xa5, LOOKS_MAX = 8 };

static uint8_t get(const struct uart *uart, uint32_t number)
{
    return uart->io.read(uart->io.context, number);
}

static void put(const struct uart *uart, uint32_t number, uint32_t value)
{
    uart->io.write(uart->io.context, number, (uint8_t)value);
}

static bool keeps(const struct uart *uart, uint8_t value)
{
    put(uart, UART_SCRATCH, value);
    return get(uart, UART_SCRATCH) == value;
}

/* Reading clears errors: whoever reads counts them. */
static uint8_t status(struct uart *uart)
{
    uint8_t value = get(uart, UART_STATUS);

    if (value == UART_STATUS_NOTHING) {
        return 0; /* it is gone */
    }
    uart->overruns += (value & UART_STATUS_OVERRUN) != 0;
    uart->damaged += (value & UART_STATUS_DAMAGED) != 0;
    return value;
}

err_t uart_start(struct uart *uart, const struct uart_io *io)
{
    *uart = (struct uart){ .io = *io };
    put(uart, UART_ENABLE, 0);
    if (!keeps(uart, SCRATCH_ONE) || !keeps(uart, SCRATCH_TWO) ||
        get(uart, UART_STATUS) == UART_STATUS_NOTHING) {
        return ERR_NO_ENTRY;
    }
    put(uart, UART_FIFO, UART_FIFO_ON | UART_FIFO_4);
    uart->identify = get(uart, UART_IDENTIFY);
    uart->room =
        (uart->identify & UART_IDENTIFY_FIFO) == UART_IDENTIFY_FIFO ? UART_FIFO_BYTES - 1 : 1;
    uart->modem = UART_MODEM_DTR | UART_MODEM_RTS | UART_MODEM_OUT2;
    put(uart, UART_MODEM, uart->modem);
    return ERR_OK;
}

uint32_t uart_receive(struct uart *uart, uint8_t *bytes, uint32_t max)
{
    uint32_t count = 0;

    while (count < max && (status(uart) & UART_STATUS_INPUT) != 0) {
        bytes[count++] = get(uart, UART_DATA);
    }
    uart->received += count;
    return count;
}

uint32_t uart_send(struct uart *uart, const uint8_t *bytes, uint32_t count,
                   void (*sent)(void *context), void *context)
{
    uint32_t done = 0;

    if (count == 0 || (status(uart) & UART_STATUS_ROOM) == 0) {
        return 0;
    }
    while (done < count && done < uart->room) {
        put(uart, UART_DATA, bytes[done++]);
        uart->sent++;
        if (sent != NULL) {
            sent(context);
        }
    }
    return done;
}

void uart_listen(struct uart *uart, bool input, bool room)
{
    uint8_t enabled = (uint8_t)((input ? UART_ENABLE_INPUT | UART_ENABLE_ERRORS : 0u) |
                                (room ? UART_ENABLE_ROOM : 0u));
    uint8_t modem = (uint8_t)(UART_MODEM_DTR | UART_MODEM_OUT2 | (input ? UART_MODEM_RTS : 0u));

    if (modem != uart->modem) {
        put(uart, UART_MODEM, modem);
        uart->modem = modem;
    }
    if (enabled != uart->enabled) {
        put(uart, UART_ENABLE, enabled);
        uart->enabled = enabled;
    }
}

/*
 * The line is raised by an edge, so it must have fallen before: what is pending is read until nothing is. An
 * error and a change of the modem's lines are taken back by reading, input by receiving it, room by having been told.
 */
bool uart_rest(struct uart *uart)
{
    for (uint32_t i = 0; i < LOOKS_MAX; i++) {
        uart->identify = get(uart, UART_IDENTIFY);
        if ((uart->identify & UART_IDENTIFY_NONE) != 0) {
            return true;
        }
        uint8_t now = status(uart);

        (void)get(uart, UART_MODEM_STATUS);
        if (((uart->enabled & UART_ENABLE_INPUT) != 0 && (now & UART_STATUS_INPUT) != 0) ||
            ((uart->enabled & UART_ENABLE_ROOM) != 0 && (now & UART_STATUS_ROOM) != 0)) {
            return false;
        }
    }
    return false;
}
