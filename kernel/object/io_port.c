/* SPDX-License-Identifier: MIT */
/* I/O ports (abi/idl/kernel.idl, interface io_port). */
#include <stddef.h>

#include "core/core.h"
#include "kernel_gen/methods.h"
#include "object/timer.h"

#define PORTS 65536u
#define RANGES_MAX 256u /* more would be a long walk for each */

static err_t claim_check(const struct machine *machine, uint32_t first, uint32_t count)
{
    uint32_t ranges = 0;

    for (const struct io_port *port = machine->ports; port != NULL; port = port->next) {
        if (first < port->first + port->count && port->first < first + count) {
            return ERR_BUSY;
        }
        ranges++;
    }
    return arch_port_is_kernels(first, count) ? ERR_BUSY
           : ranges < RANGES_MAX              ? ERR_OK
                                              : ERR_NO_MEMORY;
}

void io_port_destroy(struct core *core, struct io_port *port)
{
    struct io_port **link = &core->machine->ports;

    if (port->count == 0) {
        return;
    }
    while (*link != port) {
        link = &(*link)->next;
    }
    *link = port->next;
    port->count = 0;
}

err_t io_port_on_claim(struct invocation *inv, const struct io_port_claim_args *args)
{
    struct machine *machine = inv->core->machine;
    struct io_port *port = inv->target->object;

    if (args->first + args->count > PORTS) {
        return ERR_RANGE;
    }
    err_t err = port->count != 0 ? ERR_BUSY : claim_check(machine, args->first, args->count);

    if (err) {
        return err;
    }
    port->first = args->first;
    port->count = args->count;
    port->next = machine->ports;
    machine->ports = port;
    return ERR_OK;
}

static bool access_is_good(const struct io_port *port, uint32_t first, uint32_t width)
{
    return (width == 1 || width == 2 || width == 4) && port->count >= width &&
           first >= port->first && first - port->first <= port->count - width;
}

err_t io_port_on_read(struct invocation *inv, const struct io_port_read_args *args,
                      struct io_port_read_results *results)
{
    if (!access_is_good(inv->target->object, args->port, args->width)) {
        return ERR_RANGE;
    }
    results->value = arch_port_read(args->port, args->width);
    return ERR_OK;
}

err_t io_port_on_write(struct invocation *inv, const struct io_port_write_args *args)
{
    if (!access_is_good(inv->target->object, args->port, args->width)) {
        return ERR_RANGE;
    }
    arch_port_write(args->port, args->width, args->value);
    return ERR_OK;
}
