/* SPDX-License-Identifier: MIT */
#include "terminal/server.h"

err_t terminal_server_find(struct terminal_server *server)
{
    uint32_t number;
    uint32_t more;
    err_t err = session_find("terminal", true, 0, &number);

    if (err == ERR_OK && session_find("terminal", true, 1, &more) == ERR_OK) {
        err = ERR_BUSY;
    }
    return err ? err : terminal_server_open(server, number);
}
