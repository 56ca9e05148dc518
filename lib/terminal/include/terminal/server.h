/* SPDX-License-Identifier: MIT */
/*
 * A terminal's driver: what its device received goes in, what the client wrote comes out. It has one client.
 *
 *     terminal_server_hear()
 *     count = terminal_server_room(): receive so much from the device; terminal_server_input()
 *     count = terminal_server_output(): give it to the device; terminal_server_shown()
 *     before it sleeps: terminal_server_rest()
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "terminal/end.h"

struct terminal_server {
    struct terminal_end end;
    uint64_t typed, shown; /* as in the shared memory, where others can write too */
};

/**
 * terminal_server_find() - open the one session of the program.
 * Errors: ERR_NO_ENTRY  there is none. ERR_BUSY  there are several. ERR_RANGE  it is too small. Those of session_open().
 */
MUST_CHECK err_t terminal_server_find(struct terminal_server *server);

/** terminal_server_open() - over that session. Errors: ERR_RANGE  it is too small. Those of session_open(). */
MUST_CHECK err_t terminal_server_open(struct terminal_server *server, uint32_t session);

/** terminal_server_hear() - take notice of what the client says. To be called in each round. */
void terminal_server_hear(struct terminal_server *server);

/** terminal_server_room() - bytes of input for which there is room. */
uint32_t terminal_server_room(struct terminal_server *server);

/** terminal_server_input() - this was typed. At most as much as there is room for. */
void terminal_server_input(struct terminal_server *server, const void *bytes, uint32_t count);

/** terminal_server_output() - copy what is to be shown, from @skip bytes on; gives how much. */
uint32_t terminal_server_output(struct terminal_server *server, uint32_t skip, void *bytes,
                                uint32_t max);

/** terminal_server_shown() - the device has the first @count of it. */
void terminal_server_shown(struct terminal_server *server, uint32_t count);

/** terminal_server_lost() - how often input was lost, in all. */
void terminal_server_lost(struct terminal_server *server, uint64_t count);

/** terminal_server_rest() - tell the client. True: sleep; false: look again. */
bool terminal_server_rest(struct terminal_server *server);
