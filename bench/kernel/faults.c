/* SPDX-License-Identifier: MIT */
/* A breakpoint is the cheapest fault to handle: the answer alone lets the thread go on behind it. */
#include "abi/kernel_calls.h"
#include "bench.h"
#include "mark.h"
#include "peer.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"

static cap_addr_t handler_endpoint;
static uint64_t faults_handled;

static void handle_run(void)
{
    uint64_t words[8];
    uint64_t badge = 0;
    uint64_t bits;
    msg_info_t info = 0;
    err_t err = ipc_receive(handler_endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);

    while (err == ERR_OK && MSG_LABEL(info) == MSG_LABEL_FAULT && words[0] == FAULT_BREAKPOINT) {
        faults_handled++;
        info = MSG_INFO(0, 0, 0);
        err = ipc_reply_receive(handler_endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);
    }
    program_panic("the fault handler failed", __FILE__, __LINE__);
}

static void fault_run(void)
{
    for (uint32_t i = 0; i < REPETITIONS; i++) {
        MARK_BEGIN(ROW_FAULT);
        __asm__ volatile("int3" ::: "memory");
        MARK_END(ROW_FAULT);
    }
    assert(faults_handled == REPETITIONS);
    peer_finish();
}

void bench_faults(void)
{
    struct peer_spec handler = { .entry = handle_run, .rank = PEER_RANK_LOW };
    struct peer_spec faulter = { .entry = fault_run,
                                 .rank = PEER_RANK_HIGH,
                                 .priority = PEER_PRIORITY };

    faults_handled = 0;
    handler_endpoint = endpoint_make(PEER_RANK_LOW);
    if (endpoint_set_server(handler_endpoint, peer_start(&handler))) {
        program_panic("endpoint.set_server failed", __FILE__, __LINE__);
    }
    faulter.handler = handler_endpoint;
    peer_start(&faulter);
    peers_wait();
}
