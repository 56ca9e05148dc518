/* SPDX-License-Identifier: MIT */
/* The 16550 against a model of one, and against devices that lie. */
#include <string.h>

#include "host_test/test.h"
#include "uart16550/registers.h"
#include "uart16550/uart.h"

enum { WIRE_MAX = 4096, REGISTERS = 8 };

/* As the data sheet has it: two FIFOs, errors that reading clears, interrupts by priority, a line raised by an edge. */
static struct {
    uint8_t input[UART_FIFO_BYTES], output[UART_FIFO_BYTES];
    uint32_t input_count, output_count;
    uint8_t enable, modem, scratch, errors;
    uint32_t fifo;
    bool has_fifo, is_gone;
    bool room_is_news; /* all was sent, and nobody has been told */
    bool line;
    uint32_t edges;
    uint32_t lost, overflows;
    uint8_t wire[WIRE_MAX]; /* what was sent */
    uint32_t wire_count;
} model;

static uint8_t identify(void)
{
    if ((model.enable & UART_ENABLE_ERRORS) != 0 && model.errors != 0) {
        return 6;
    }
    if ((model.enable & UART_ENABLE_INPUT) != 0 && model.input_count != 0) {
        return 4; /* or 12; it makes no difference here */
    }
    if ((model.enable & UART_ENABLE_ROOM) != 0 && model.room_is_news) {
        return 2;
    }
    return UART_IDENTIFY_NONE;
}

static void line_update(void)
{
    bool now = identify() != UART_IDENTIFY_NONE;

    model.edges += now && !model.line;
    model.line = now;
}

static uint8_t model_read(void *context, uint32_t number)
{
    uint8_t value = 0;

    (void)context;
    if (model.is_gone) {
        return 0xff;
    }
    switch (number) {
    case UART_DATA:
        if (model.input_count != 0) {
            value = model.input[0];
            memmove(model.input, model.input + 1, --model.input_count);
        }
        break;
    case UART_ENABLE:
        value = model.enable;
        break;
    case UART_IDENTIFY:
        value = (uint8_t)(identify() | (model.has_fifo ? UART_IDENTIFY_FIFO : 0));
        model.room_is_news = model.room_is_news && identify() != 2;
        break;
    case UART_STATUS:
        value = (uint8_t)(model.errors | (model.input_count != 0 ? UART_STATUS_INPUT : 0) |
                          (model.output_count == 0 ? UART_STATUS_ROOM : 0));
        model.errors = 0;
        break;
    case UART_SCRATCH:
        value = model.scratch;
        break;
    default:
        break;
    }
    line_update();
    return value;
}

static void model_write(void *context, uint32_t number, uint8_t value)
{
    uint32_t room = model.has_fifo ? UART_FIFO_BYTES : 1;

    (void)context;
    switch (number) {
    case UART_DATA:
        if (model.output_count == room) {
            model.overflows++;
        } else {
            model.output[model.output_count++] = value;
        }
        model.room_is_news = false;
        break;
    case UART_ENABLE:
        model.room_is_news |=
            (value & ~model.enable & UART_ENABLE_ROOM) != 0 && model.output_count == 0;
        model.enable = value;
        break;
    case UART_FIFO:
        CHECK_EQ(value & 0x06, 0, "no FIFO is ever emptied");
        model.fifo = value;
        break;
    case UART_MODEM:
        model.modem = value;
        break;
    case UART_SCRATCH:
        model.scratch = value;
        break;
    default:
        CHECK(number != 3, "the divisor latch stays closed");
        break;
    }
    line_update();
}

static void model_type(uint8_t byte)
{
    if (model.input_count == (model.has_fifo ? UART_FIFO_BYTES : 1)) {
        model.errors |= UART_STATUS_OVERRUN;
        model.lost++;
    } else {
        model.input[model.input_count++] = byte;
    }
    line_update();
}

static void model_send(void)
{
    if (model.output_count != 0 && model.wire_count < WIRE_MAX) {
        model.wire[model.wire_count++] = model.output[0];
        memmove(model.output, model.output + 1, --model.output_count);
        model.room_is_news |= model.output_count == 0;
    }
    line_update();
}

static const struct uart_io io = { model_read, model_write, NULL };

static struct uart start(bool has_fifo)
{
    struct uart uart;

    memset(&model, 0, sizeof(model));
    model.has_fifo = has_fifo;
    CHECK_EQ(uart_start(&uart, &io), ERR_OK, "it is there");
    return uart;
}

TEST(a_uart_that_is_not_there_is_not_found)
{
    struct uart uart;

    memset(&model, 0, sizeof(model));
    model.is_gone = true;
    CHECK_EQ(uart_start(&uart, &io), ERR_NO_ENTRY, "nothing there");
}

TEST(what_was_typed_before_the_start_is_read)
{
    uint8_t bytes[32];

    memset(&model, 0, sizeof(model));
    model.has_fifo = true;
    for (uint8_t i = 0; i < 10; i++) {
        model_type((uint8_t)('a' + i));
    }
    struct uart uart;

    CHECK_EQ(uart_start(&uart, &io), ERR_OK, "it is there");
    CHECK_EQ(uart_receive(&uart, bytes, sizeof(bytes)), 10, "all of it");
    CHECK(memcmp(bytes, "abcdefghij", 10) == 0, "in order");
}

TEST(all_is_sent_in_order_and_the_kernels_bytes_find_room)
{
    for (uint32_t has_fifo = 0; has_fifo < 2; has_fifo++) {
        struct uart uart = start(has_fifo != 0);
        uint8_t bytes[100];
        uint32_t done = 0, kernels = 0;

        for (uint32_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)(i + 1);
        }
        while (done < sizeof(bytes)) {
            done += uart_send(&uart, bytes + done, (uint32_t)sizeof(bytes) - done, NULL, NULL);
            if (model.has_fifo &&
                test_random(4) == 0) { /* the kernel, between our check and our bytes */
                model_write(NULL, UART_DATA, 0xee);
                kernels++;
            }
            while (model.output_count != 0) {
                model_send();
            }
        }
        CHECK_EQ(model.overflows, 0, "no byte is lost");
        CHECK_EQ(model.wire_count, sizeof(bytes) + kernels, "each once");
        uint8_t next = 1;

        for (uint32_t i = 0; i < model.wire_count; i++) {
            next = (uint8_t)(next + (model.wire[i] == next));
        }
        CHECK_EQ(next, sizeof(bytes) + 1, "in order");
    }
}

TEST(lost_and_damaged_input_is_counted_once)
{
    struct uart uart = start(true);
    uint8_t bytes[32];

    for (uint32_t i = 0; i < 20; i++) {
        model_type((uint8_t)i);
    }
    CHECK_EQ(uart_receive(&uart, bytes, sizeof(bytes)), 16, "what there was room for");
    CHECK_EQ(uart.overruns, 1, "an overrun");
    CHECK_EQ(uart_receive(&uart, bytes, sizeof(bytes)), 0, "no more");
    CHECK_EQ(uart.overruns, 1, "no other");
    model.errors = 0x08;
    CHECK_EQ(uart_receive(&uart, bytes, sizeof(bytes)), 0, "nothing came");
    CHECK_EQ(uart.damaged, 1, "a framing error");
}

TEST(who_has_no_room_lets_the_other_end_wait)
{
    struct uart uart = start(true);

    uart_listen(&uart, true, false);
    CHECK_EQ(model.modem & UART_MODEM_RTS, UART_MODEM_RTS, "ready");
    uart_listen(&uart, false, true);
    CHECK_EQ(model.modem & UART_MODEM_RTS, 0, "not ready");
    CHECK_EQ(model.enable, UART_ENABLE_ROOM, "and no interrupt for what comes");
    CHECK_EQ(model.modem & UART_MODEM_OUT2, UART_MODEM_OUT2, "interrupts go through");
}

/*
 * The driver's loop with a line that is an edge: whenever it sleeps, there is nothing to do, or an edge will come. The
 * other end types and takes bytes at random.
 */
TEST(no_edge_is_missed)
{
    for (uint32_t round = 0; round < 300; round++) {
        struct uart uart = start(test_random(2) == 0);
        uint32_t typed = 0, received = 0, to_send = (uint32_t)test_random(300), sent = 0;
        uint8_t bytes[64] = { 0 };
        uint32_t edges = 0;

        for (uint32_t step = 0; step < 3000; step++) {
            if (test_random(3) == 0 && model.input_count == 0) {
                model_type((uint8_t)typed++);
            }
            if (test_random(2) == 0) {
                model_send();
            }
            if (step != 0 && model.edges == edges) {
                continue; /* it sleeps */
            }
            bool may_sleep;

            edges = model.edges;
            do {
                received += uart_receive(&uart, bytes, sizeof(bytes));
                uint32_t left =
                    to_send - sent < sizeof(bytes) ? to_send - sent : (uint32_t)sizeof(bytes);

                sent += uart_send(&uart, bytes, left, NULL, NULL);
                uart_listen(&uart, true, sent < to_send);
                may_sleep = uart_rest(&uart);
            } while (!may_sleep);
            CHECK(!model.line || model.edges != edges, "the line has fallen");
        }
        for (uint32_t i = 0; i < 100 && model.line; i++) {
            received += uart_receive(&uart, bytes, sizeof(bytes));
        }
        CHECK_EQ(received, typed, "all that was typed");
        CHECK_EQ(sent, to_send, "all that was to be sent");
    }
}

static uint8_t liar_read(void *context, uint32_t number)
{
    (void)context;
    return number == UART_SCRATCH ? model.scratch : (uint8_t)test_random(256);
}

static void liar_write(void *context, uint32_t number, uint8_t value)
{
    (void)context;
    model.scratch = number == UART_SCRATCH ? value : model.scratch;
}

TEST(a_device_that_says_anything_is_bounded)
{
    static const struct uart_io liar = { liar_read, liar_write, NULL };
    uint8_t bytes[64];

    for (uint32_t round = 0; round < 2000; round++) {
        struct uart uart;

        if (uart_start(&uart, &liar)) {
            continue;
        }
        for (uint32_t step = 0; step < 50; step++) {
            uint32_t max = (uint32_t)test_random(sizeof(bytes) + 1);

            CHECK(uart_receive(&uart, bytes, max) <= max, "bounded");
            CHECK(uart_send(&uart, bytes, max, NULL, NULL) <= max, "bounded");
            uart_listen(&uart, test_random(2) == 0, test_random(2) == 0);
            (void)uart_rest(&uart);
        }
    }
}
