/* SPDX-License-Identifier: MIT */
/* The driver of virtio consoles: serves the protocol terminal at port 0 to one client. */
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/terminal_serve.h"
#include "service/service.h"
#include "virtio_console/port.h"

#include "abi/names.h"

struct client {
    uint64_t badge;
};

static struct driver driver;
static struct virtio_pci virtio;
static struct port port;

err_t terminal_on_info(struct client *client, struct terminal_info_results *results)
{
    (void)client;
    *results = (struct terminal_info_results){
        .received = port.received,
        .sent = port.sent,
        .refused = port.terminal.end.refused + port.input.queue.lies + port.output.queue.lies,
        .resets = port.simple.resets,
    };
    return ERR_OK;
}

/* True: an interrupt came, and may mean that the device wants to say something else. */
static bool wait(struct service *service, ns_t deadline_ns)
{
    switch (service_wait(service, deadline_ns)) {
    case SERVICE_CALL: {
        struct client client = { .badge = service->badge };

        terminal_dispatch(&client, &service->info, service->words);
        return false;
    }
    case SERVICE_SIGNALS:
        if (service->bits & DRIVER_IRQ_BIT(0)) {
            driver_irq_ack(&driver, 0);
            return true;
        }
        return false;
    case SERVICE_TIME:
        return false;
    }
    return false;
}

static void serve(void)
{
    static struct service service;
    bool is_suspicious = true;

    while (!is_suspicious || virtio_simple_check(&port.simple, false)) {
        uint32_t done = port_work(&port);

        is_suspicious = wait(&service, port_rest(&port) && done == 0 ? DEADLINE_NEVER : 0) ||
                        virtio_simple_is_stopped(&port.simple);
    }
}

int main(void)
{
    const char *why = "a session";

    port_init(&port);
    err_t err = terminal_server_find(&port.terminal);

    if (err == ERR_OK) {
        err = virtio_simple_open(&port.simple, &driver, &virtio, &why);
    }
    if (err) {
        debug_printf("virtio_console: %s: %s\n", why, error_name(err));
        return 1;
    }
    serve();
    debug_printf("virtio_console: the device is beyond help\n");
    return 1;
}
