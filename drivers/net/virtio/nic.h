/* SPDX-License-Identifier: MIT */
/*
 * The device: frames of the client's data area go in to be filled or sent, and come out done. A device that lies, fails or
 * does not send is reset; it then gets all buffers again, and frames that were to be sent count as lost.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "driver/driver.h"
#include "link/wire.h"
#include "service/session.h"
#include "virtio/pci_device.h"

#define NIC_SLOTS 256u

/* One direction: a queue, and which frame each of its slots holds. */
struct nic_queue {
    struct virtio_memory memory;
    struct virtio_queue queue;
    bool is_receive;
    uint32_t used; /* slots */
    uint32_t free[NIC_SLOTS];
    uint32_t free_count;
    bool is_used[NIC_SLOTS];
    struct link_frame frames[NIC_SLOTS];
    struct link_frame
        lost[NIC_SLOTS]; /* to be answered, though the device was reset before it was done */
    uint32_t lost_count;
};

struct nic {
    struct driver driver;
    struct virtio_pci virtio;
    struct driver_memory headers; /* NIC_SLOTS for receiving, then as many for sending */
    struct nic_queue receive, send;
    struct link_state state;
    uint64_t area; /* device address of the client's data area */
    ns_t sent_ns;  /* when the device last finished sending, or had nothing to send */

    uint64_t received_frames, sent_frames;
    uint64_t lies; /* lengths that were not possible */
    uint64_t resets;
    uint32_t resets_in_vain; /* since something was done */
};

/** nic_open() - find the device, learn what it is like, start it. @why: on an error, for people. */
MUST_CHECK err_t nic_open(struct nic *nic, const char **why);

/** nic_share() - let the device reach the data area. Errors: those of driver_memory_share(). */
MUST_CHECK err_t nic_share(struct nic *nic, const struct session *session);

/** nic_forget() - reset the device: no frame that it was given is touched or comes back. Errors: it is beyond help. */
MUST_CHECK err_t nic_forget(struct nic *nic);

/** nic_start() - a frame to be filled or sent. Gives false if there is no slot for it. */
bool nic_start(struct nic *nic, struct nic_queue *queue, const struct link_frame *frame);

/** nic_finish() - the next frame that is done; bytes 0: nothing was received. False: none is done. */
bool nic_finish(struct nic *nic, struct nic_queue *queue, struct link_frame *frame);

/** nic_publish() - show the device what was started. */
void nic_publish(struct nic *nic);

/** nic_is_stopped() - the device lied, and nothing goes on before nic_check(). */
static inline bool nic_is_stopped(const struct nic *nic)
{
    return nic->receive.queue.is_stopped || nic->send.queue.is_stopped;
}

/** nic_state_read() - true: the link went up or down. */
bool nic_state_read(struct nic *nic);

/** nic_check() - reset the device if it failed, lied or does not send. False: it is beyond help. */
bool nic_check(struct nic *nic);

/** nic_rest() - true: nothing is done now, wait for its interrupt. */
bool nic_rest(struct nic *nic);

/** nic_deadline() - when to check at the latest. */
ns_t nic_deadline(const struct nic *nic);
