/* SPDX-License-Identifier: MIT */
/*
 * Port 0 of a virtio console (Virtio 1.2, 5.3): a queue of buffers that the device fills with what was typed, and one of what is to
 * be shown. One piece of output is with the device at a time, so that a successor knows where to go on: what the device did
 * not say it has shown is shown again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "terminal/server.h"
#include "virtio/simple.h"

#define PORT_SLOTS 8u
#define PORT_INPUT_BYTES 128u
#define PORT_OUTPUT_BYTES 1024u

struct port {
    struct virtio_simple simple;
    struct virtio_buffers input, output;
    struct terminal_server terminal;

    /* What was received and not passed on: a buffer of the device's, in our hands. */
    uint8_t held[PORT_INPUT_BYTES];
    uint32_t held_next, held_count;

    uint32_t shown; /* bytes that the device has to show */
    uint64_t received, sent;
    uint64_t seen_resets;
};

/** port_init() - before the device is opened. @port must stay where it is; port->terminal is the caller's to open. */
void port_init(struct port *port);

/** port_work() - what came goes to the client, what is to be shown to the device. Gives how much was done. */
uint32_t port_work(struct port *port);

/** port_rest() - true: sleep until the device or the client has something to say. */
bool port_rest(struct port *port);
