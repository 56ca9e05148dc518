/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: input is taken from the device only when what it gave before was passed on, so it waits if the client does
 * not read; and a byte counts as shown only when the device has given it back.
 */
#include "virtio_console/port.h"

#include "pith/string.h"

enum { QUEUE_RECEIVE = 0, QUEUE_SEND = 1, ROUND_MAX = 32 };

void port_init(struct port *port)
{
    *port = (struct port){
        .input = { .number = QUEUE_RECEIVE,
                   .slots = PORT_SLOTS,
                   .bytes = PORT_INPUT_BYTES,
                   .is_filled = true },
        .output = { .number = QUEUE_SEND, .slots = 1, .bytes = PORT_OUTPUT_BYTES },
        .simple = { .count = 2 },
    };
    port->simple.buffers[0] = &port->input;
    port->simple.buffers[1] = &port->output;
}

static void buffers_give(struct port *port)
{
    for (uint32_t slot = 0; slot < port->input.queue.slots; slot++) {
        /* BUSY: it has that one; IO: it lied, and is to be checked. */
        (void)!virtio_buffer_add(&port->input, slot, PORT_INPUT_BYTES);
    }
}

/* As much of what is held as the client has room for. */
static uint32_t pass_on(struct port *port)
{
    uint32_t left = port->held_count - port->held_next;
    uint32_t room = terminal_server_room(&port->terminal);
    uint32_t count = left < room ? left : room;

    terminal_server_input(&port->terminal, port->held + port->held_next, count);
    port->held_next += count;
    port->received += count;
    return count;
}

static uint32_t receive(struct port *port)
{
    uint32_t done = pass_on(port);
    uint32_t slot;

    for (uint32_t i = 0; i < ROUND_MAX && port->held_next == port->held_count; i++) {
        port->held_next = port->held_count = 0;
        if (virtio_buffer_take(&port->simple, &port->input, &slot, &port->held_count)) {
            break;
        }
        memcpy(port->held, virtio_buffer_at(&port->input, slot), port->held_count);
        done += 1 + pass_on(port);
    }
    buffers_give(port);
    return done;
}

static uint32_t send(struct port *port)
{
    uint32_t slot;
    uint32_t written;
    uint32_t done = 0;

    if (virtio_buffer_take(&port->simple, &port->output, &slot, &written) == ERR_OK) {
        terminal_server_shown(&port->terminal, port->shown);
        done = port->shown;
        port->sent += port->shown;
        port->shown = 0;
    }
    if (port->output.queue.in_flight == 0) {
        port->shown = terminal_server_output(&port->terminal, 0, virtio_buffer_at(&port->output, 0),
                                             PORT_OUTPUT_BYTES);
        if (port->shown != 0 && virtio_buffer_add(&port->output, 0, port->shown)) {
            port->shown = 0; /* it lied, and is to be checked */
        }
    }
    return done;
}

uint32_t port_work(struct port *port)
{
    terminal_server_hear(&port->terminal);
    uint32_t done = receive(port) + send(port);

    virtio_simple_publish(&port->simple);
    return done;
}

/* Who waits for room at the client is woken by the client, whatever the device has. */
bool port_rest(struct port *port)
{
    bool is_quiet = terminal_server_rest(&port->terminal);
    bool is_full = port->held_next != port->held_count;

    return (virtio_simple_rest(&port->simple) ||
            (is_full && !virtio_simple_is_stopped(&port->simple))) &&
           is_quiet;
}
