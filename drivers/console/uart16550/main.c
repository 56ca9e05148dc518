/* SPDX-License-Identifier: MIT */
/*
 * The driver of a 16550 at a PC's COM port: serves the protocol terminal to one client. Works on interrupts and bells
 * alone; each round is bounded, so that probes are answered under any load. The kernel writes its debug output to the
 * same UART whenever it likes.
 */
#include "driver/driver.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/terminal_serve.h"
#include "service/service.h"
#include "terminal/server.h"
#include "uart16550/uart.h"

#include "abi/names.h"

enum { ROUND_BYTES = 256, IN_VAIN_MAX = 64, LOOK_MS = 10 };

struct client {
    uint64_t badge;
};

static struct driver driver;
static struct uart uart;
static struct terminal_server server;

static uint8_t port_read(void *context, uint32_t number)
{
    return driver_port_read(context, number);
}

static void port_write(void *context, uint32_t number, uint8_t value)
{
    driver_port_write(context, number, value);
}

/* Each byte by itself, so that a successor knows which was the last. */
static void byte_sent(void *context)
{
    terminal_server_shown(context, 1);
}

static uint32_t receive(void)
{
    uint8_t bytes[ROUND_BYTES];
    uint32_t room = terminal_server_room(&server);
    uint32_t count = uart_receive(&uart, bytes, room < sizeof(bytes) ? room : sizeof(bytes));

    terminal_server_input(&server, bytes, count);
    return count;
}

static uint32_t send(void)
{
    uint8_t bytes[ROUND_BYTES];
    uint32_t count = terminal_server_output(&server, 0, bytes, sizeof(bytes));
    uint32_t done = 0;
    uint32_t sent;

    do {
        sent = uart_send(&uart, bytes + done, count - done, byte_sent, &server);
        done += sent;
    } while (sent != 0);
    return done;
}

/* Gives how much was done. */
static uint32_t work(void)
{
    uint8_t byte;

    terminal_server_hear(&server);
    uint32_t done = receive() + send();

    terminal_server_lost(&server, uart.overruns);
    uart_listen(&uart, terminal_server_room(&server) != 0,
                terminal_server_output(&server, 0, &byte, 1) != 0);
    return done;
}

/* --- The protocol's calls --- */

err_t terminal_on_info(struct client *client, struct terminal_info_results *results)
{
    (void)client;
    *results = (struct terminal_info_results){
        .received = uart.received,
        .sent = uart.sent,
        .overruns = uart.overruns,
        .errors = uart.damaged,
        .refused = server.end.refused,
    };
    return ERR_OK;
}

/* --- The loop --- */

static void wait(struct service *service, ns_t deadline_ns)
{
    switch (service_wait(service, deadline_ns)) {
    case SERVICE_CALL: {
        struct client client = { .badge = service->badge };

        terminal_dispatch(&client, &service->info, service->words);
        break;
    }
    case SERVICE_SIGNALS:
        if (service->bits & DRIVER_IRQ_BIT(0)) {
            driver_irq_ack(&driver, 0);
        }
        break;
    case SERVICE_TIME:
        break;
    }
}

/* A device that always says there is something, and then there is nothing, is looked at now and then. */
static _Noreturn void serve(void)
{
    static struct service service;
    uint32_t in_vain = 0;

    for (;;) {
        uint32_t done = work();
        bool is_quiet = terminal_server_rest(&server);
        bool may_sleep = uart_rest(&uart) && is_quiet;

        in_vain = done != 0 || may_sleep ? 0 : in_vain + 1;
        if (in_vain > IN_VAIN_MAX) {
            wait(&service, clock_now() + LOOK_MS * NS_PER_MS);
        } else {
            wait(&service, may_sleep && done == 0 ? DEADLINE_NEVER : 0);
        }
    }
}

int main(void)
{
    const struct uart_io io = { port_read, port_write, &driver };
    const char *why = "no I/O ports were given";
    err_t err = driver_ports_open(&driver);

    if (err == ERR_OK) {
        why = "a session";
        err = terminal_server_find(&server);
    }
    if (err == ERR_OK) {
        why = "there is no UART";
        err = uart_start(&uart, &io);
    }
    if (err == ERR_OK) {
        why = "its interrupt";
        err = driver_irq_listen(&driver, 0);
    }
    if (err) {
        debug_printf("uart16550: %s: %s\n", why, error_name(err));
        return 1;
    }
    driver_irq_ack(&driver, 0); /* a predecessor may have left it masked */
    serve();
}
