/* SPDX-License-Identifier: MIT */
/* The thread that everybody may call: takes faults and questions, answers at once, and waits for nobody. */
#include "warden.h"

#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/program_info.h"

#include "abi/names.h"

/* Written by the ear alone: calls that it took, and those that it is done with. */
static _Atomic uint32_t calls_taken;
static _Atomic uint32_t calls_done;

uint32_t ear_looks(void)
{
    static uint32_t seen, looks;
    /* Relaxed: an old number makes one look too many. */
    uint32_t taken = atomic_load_explicit(&calls_taken, memory_order_relaxed);

    if (taken == atomic_load_explicit(&calls_done, memory_order_relaxed)) {
        looks = 0;
    } else {
        looks = taken == seen ? looks + 1 : 1;
        seen = taken;
    }
    return looks;
}

static void count(_Atomic uint32_t *counter)
{
    uint32_t value = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

/* True: it was a fault of a program, and is noted down. */
static bool fault_note(uint64_t badge, const uint64_t words[8])
{
    uint64_t number = (badge & ~BADGE_FAULT) - 1;

    if ((badge & BADGE_FAULT) == 0 || number >= warden()->count) {
        return false;
    }
    struct request *request = &warden()->requests[number];

    /* The first of several threads to fault tells the story. */
    if ((atomic_load_explicit(&request->wants, memory_order_relaxed) & WANT_DIED) == 0) {
        request->fault[0] = words[0];
        request->fault[1] = words[1];
        request->fault[2] = words[2];
        request->fault[3] = words[4];
        /* Release: pairs with the acquire in requests_handle(). */
        atomic_fetch_or_explicit(&request->wants, WANT_DIED, memory_order_release);
    }
    hand_wake();
    return true;
}

/* The label of the answer. */
static uint32_t message_handle(msg_info_t info, uint64_t badge, uint64_t words[8])
{
    uint32_t label = MSG_LABEL(info);

    if (label == MSG_LABEL_FAULT) {
        (void)fault_note(badge, words);
        return 1; /* it stays stopped until it is destroyed */
    }
    if ((badge & BADGE_FAULT) != 0) {
        return ERR_NO_RIGHT; /* every program has it, for its faults and nothing else */
    }
    query(&label, badge, words);
    return label;
}

_Noreturn void ear(void *unused)
{
    uint64_t words[8] = { 0 };
    msg_info_t info = 0;
    uint64_t badge = 0;
    uint64_t bits;
    bool has_call = false;

    (void)unused;
    for (;;) {
        err_t err = has_call ? ipc_reply_receive(PROGRAM_SLOT_ENDPOINT, &info, words, &badge, &bits,
                                                 DEADLINE_NEVER, 0)
                             : ipc_receive(PROGRAM_SLOT_ENDPOINT, &info, words, &badge, &bits,
                                           DEADLINE_NEVER, 0);

        has_call = err == ERR_OK;
        if (has_call) {
            count(&calls_taken);
            info = MSG_INFO(message_handle(info, badge, words), 8, 0);
            count(&calls_done);
        } else if (err != ERR_CALLER_GONE && err != ERR_CANCELLED) {
            program_panic(error_name(err), __FILE__, __LINE__);
        }
    }
}
