/* SPDX-License-Identifier: MIT */
/*
 * The driver of virtio network devices: serves the protocol link to the network server. Works on interrupts and bells
 * alone; each round is bounded, so that probes are answered under any load.
 */
#include "link/server.h"
#include "nic.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/link_serve.h"
#include "service/service.h"

#include "abi/names.h"

enum { ROUND_MAX = 64 };

struct client {
    uint64_t badge;
};

static struct nic nic;
static struct link_server server;

static void answer_all(struct nic_queue *queue, uint32_t operation, uint32_t *done)
{
    struct link_frame frame;

    while (*done < ROUND_MAX && link_server_has_room(&server) && nic_finish(&nic, queue, &frame)) {
        link_server_answer(&server, operation, &frame);
        ++*done;
    }
}

/* A client that has more in flight than it was told it may gets its frame back at once. */
static void frame_start(uint32_t operation, struct link_frame *frame)
{
    if (nic_start(&nic, operation == LINK_SEND ? &nic.send : &nic.receive, frame)) {
        return;
    }
    server.refused++;
    frame->bytes = 0;
    link_server_answer(&server, operation, frame);
}

/* Gives how much was done; ROUND_MAX: perhaps there is more. False: the device is beyond help. */
static bool work(uint32_t *done)
{
    struct link_frame frame;
    uint32_t operation;
    uint32_t taken = 0;

    *done = 0;
    answer_all(&nic.receive, LINK_RECEIVE, done);
    answer_all(&nic.send, LINK_SEND, done);
    while (taken < ROUND_MAX && link_server_has_room(&server) &&
           link_server_next(&server, &operation, &frame)) {
        taken++;
        if (operation != LINK_BEGIN) {
            frame_start(operation, &frame);
            continue;
        }
        if (nic_forget(&nic) != ERR_OK) {
            return false;
        }
        link_server_begin(&server, &nic.state);
    }
    nic_publish(&nic);
    *done = *done > taken ? *done : taken;
    return true;
}

/* --- The protocol's calls --- */

err_t link_on_info(struct client *client, struct link_info_results *results)
{
    uint64_t address = 0;

    (void)client;
    for (uint32_t i = 0; i < LINK_ADDRESS_BYTES; i++) {
        address = address << 8 | nic.state.address[i];
    }
    *results = (struct link_info_results){
        .address = address,
        .mtu = nic.state.mtu,
        .flags = nic.state.flags,
        .received = nic.received_frames,
        .sent = nic.sent_frames,
        .refused = server.refused + nic.lies,
        .resets = nic.resets,
    };
    return ERR_OK;
}

/* --- The loop --- */

static void handle_signals(uint64_t bits)
{
    link_server_heard(&server, bits);
    if (bits & DRIVER_IRQ_BIT(0)) {
        driver_irq_ack(&nic.driver, 0);
    }
}

/* Gives true if an interrupt came, which may mean that the device wants to say something else. */
static bool wait(struct service *service, ns_t deadline)
{
    switch (service_wait(service, deadline)) {
    case SERVICE_CALL: {
        struct client client = { .badge = service->badge };

        link_dispatch(&client, &service->info, service->words);
        return false;
    }
    case SERVICE_SIGNALS:
        handle_signals(service->bits);
        return (service->bits & DRIVER_IRQ_BIT(0)) != 0;
    case SERVICE_TIME:
        return deadline != 0;
    }
    return false;
}

static int serve(void)
{
    static struct service service;
    bool is_suspicious = false;
    uint32_t done;

    while (work(&done)) {
        if (is_suspicious && done == 0 && nic_state_read(&nic)) {
            link_server_state(&server, &nic.state);
        }
        if ((nic_is_stopped(&nic) || (is_suspicious && done == 0)) && !nic_check(&nic)) {
            break;
        }
        bool is_quiet = link_server_rest(&server);
        bool is_full =
            !link_server_has_room(&server); /* then the client wakes us, not the device */
        bool may_sleep = is_quiet && (is_full || (nic_rest(&nic) && done < ROUND_MAX));

        is_suspicious = wait(&service, may_sleep ? nic_deadline(&nic) : 0);
    }
    debug_printf("virtio_net: the device is beyond help\n");
    return 1;
}

/* There is exactly one client. */
static err_t session_get(void)
{
    uint32_t number;
    uint32_t more;
    err_t err = session_find("link", true, 0, &number);

    if (err == ERR_OK && session_find("link", true, 1, &more) == ERR_OK) {
        err = ERR_BUSY;
    }
    if (err == ERR_OK) {
        err = link_server_open(&server, number);
    }
    return err ? err : nic_share(&nic, &server.session);
}

int main(void)
{
    const char *why = "";
    err_t err = nic_open(&nic, &why);

    if (err == ERR_OK) {
        why = "a session";
        err = session_get();
    }
    if (err) {
        debug_printf("virtio_net: %s: %s\n", why, error_name(err));
        return 1;
    }
    debug_printf("virtio_net: %u receive, %u send buffers\n", nic.receive.queue.slots,
                 nic.send.queue.slots);
    debug_printf("virtio_net: %02x:%02x:%02x:%02x:%02x:%02x\n", nic.state.address[0],
                 nic.state.address[1], nic.state.address[2], nic.state.address[3],
                 nic.state.address[4], nic.state.address[5]);
    return serve();
}
