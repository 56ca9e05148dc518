/* SPDX-License-Identifier: MIT */
/* A 16550A: PC16550D data sheet, section 8. Numbers of registers with the divisor latch closed. */
#pragma once

#define UART_DATA 0u     /* read: the oldest byte received; write: to be sent */
#define UART_ENABLE 1u   /* which interrupts */
#define UART_IDENTIFY 2u /* read: which interrupt */
#define UART_FIFO 2u     /* write */
#define UART_MODEM 4u
#define UART_STATUS 5u
#define UART_MODEM_STATUS 6u
#define UART_SCRATCH 7u

#define UART_ENABLE_INPUT 0x01u /* bytes came, or came and stayed for four characters' time */
#define UART_ENABLE_ROOM 0x02u  /* all was sent */
#define UART_ENABLE_ERRORS 0x04u

#define UART_IDENTIFY_NONE 0x01u
#define UART_IDENTIFY_FIFO 0xc0u /* both bits: it has working FIFOs */

#define UART_FIFO_ON 0x01u /* without emptying: that would lose what was typed */
#define UART_FIFO_4 0x40u  /* interrupt at 4 bytes: 12 characters' time, 1 ms, until one is lost */

#define UART_MODEM_DTR 0x01u
#define UART_MODEM_RTS 0x02u
#define UART_MODEM_OUT2 0x08u /* lets interrupts through, on a PC */

#define UART_STATUS_INPUT 0x01u
#define UART_STATUS_OVERRUN 0x02u
#define UART_STATUS_DAMAGED 0x1cu /* parity, framing, break */
#define UART_STATUS_ROOM 0x20u    /* what is sent from is empty */
#define UART_STATUS_NOTHING 0xffu /* the bus floats: there is no UART */

#define UART_FIFO_BYTES 16u
