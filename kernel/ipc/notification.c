/* SPDX-License-Identifier: MIT */
/*
 * Notifications: bits that are set without waiting, and taken by a waiter or by the receive of the thread
 * that is bound. Waiters that lend do so through the notification itself, so that whoever gets
 * the bits (a lock that is handed over) gets the time of those who still wait.
 */
#include <stddef.h>

#include "away.h"
#include "core/inbox.h"
#include "ipc/deadline.h"
#include "ipc/homes.h"
#include "ipc/ipc.h"
#include "object/timer.h"
#include "sched/sched.h"
#include "words.h"

void notification_init(struct notification *notification, struct core *home, uint32_t rank)
{
    lend_init(&notification->lend, LEND_NOTIFICATION, rank);
    notification->home = home;
}

void notification_dequeue(struct core *core, struct thread *waiter)
{
    struct notification *notification = waiter->waiting_on;

    if (waiter->lends_waiting) {
        lend_detach(core, &waiter->lend);
        if (queue_is_empty(&notification->lend.from)) {
            lend_detach(core, &notification->lend);
        }
    } else {
        queue_remove(&notification->plain, &waiter->lend.node);
    }
    waiter->waiting_on = NULL;
}

struct thread *notification_waiter(const struct notification *notification)
{
    struct queue_node *lender = notification->lend.from.first;
    struct queue_node *plain = notification->plain.first;

    if (lender == NULL || (plain != NULL && plain->key < lender->key)) {
        lender = plain;
    }
    return lender == NULL ? NULL : thread_of_lend((struct lend *)(void *)lender);
}

/* Those who still wait and lend now lend to the one who was woken; nobody does to who was it before. */
static void hand_on(struct core *core, struct notification *notification, struct thread *holder)
{
    if (!queue_is_empty(&notification->lend.from) && holder->lend.rank <= notification->lend.rank &&
        core_is_same(notification->home, holder->home)) {
        lend_attach(core, &notification->lend, &holder->lend);
    }
}

bool notification_fail_first(struct core *core, struct notification *notification, err_t err)
{
    struct thread *waiter = notification_waiter(notification);

    if (waiter == NULL) {
        return false;
    }
    ipc_fail(core, waiter, err);
    return true;
}

static void signal_waiter(struct core *core, struct notification *notification,
                          struct thread *waiter)
{
    uint64_t bits = notification->bits & notification->wait_mask;

    if (bits == 0) {
        return;
    }
    notification->bits &= ~bits;
    thread_answer(waiter, ERR_OK, 0, bits);
    lend_detach(core, &notification->lend); /* at once: one walk */
    notification_dequeue(core, waiter);
    deadline_cancel(core, waiter);
    if (!queue_is_empty(&notification->lend.from)) {
        hand_on(core, notification, waiter);
    }
    thread_make_ready(core, waiter);
}

static void signal_bound(struct core *core, struct notification *notification,
                         struct thread *thread)
{
    uint64_t bits = notification->bits & thread->bound_mask & thread->wait_mask;

    if (thread->state != THREAD_STATE_RECEIVING || bits == 0) {
        return;
    }
    bits = notification_take(core, notification, bits);
    thread_answer(thread, ERR_OK, MSG_INFO(MSG_LABEL_NOTIFIED, 0, 0), bits);
    words_clear(thread);
    ipc_cut(core, thread);
    thread_make_ready(core, thread);
}

/* The common case, first: one waiter, who does not lend. */
static bool signal_only(struct core *core, struct notification *notification, uint64_t bits)
{
    struct queue_node *node = notification->plain.first;
    uint64_t given = bits & notification->wait_mask;

    if (node == NULL || !queue_holds_only(&notification->plain, node) ||
        !queue_is_empty(&notification->lend.from) || given == 0) {
        return false;
    }
    struct thread *waiter = thread_of_lend((struct lend *)(void *)node);

    if (!core_is_same(waiter->home, core)) {
        return false;
    }
    notification->bits |= bits & ~given;
    queue_remove_only(&notification->plain, node);
    waiter->waiting_on = NULL;
    deadline_cancel(core, waiter);
    thread_answer(waiter, ERR_OK, 0, given);
    thread_make_ready(core, waiter);
    return true;
}

static __attribute__((noinline)) void signal_any(struct core *core,
                                                 struct notification *notification, uint64_t bits)
{
    struct thread *waiter = notification_waiter(notification);

    if (wake_gives_up(core, waiter != NULL ? waiter : notification->bound)) {
        return;
    }
    notification->bits |= bits;
    if (waiter != NULL) {
        signal_waiter(core, notification, waiter);
    } else if (notification->bound != NULL) {
        signal_bound(core, notification, notification->bound);
    }
}

void notification_signal(struct core *core, struct notification *notification, uint64_t bits)
{
    if (ARCH_CORES > 1 && notification->home != core && !core->has_all) {
        inbox_signal(notification, bits);
        return;
    }
    if (!signal_only(core, notification, bits)) {
        signal_any(core, notification, bits);
    }
}

static bool take_bits(struct core *core, struct thread *thread, struct notification *notification,
                      uint64_t mask)
{
    uint64_t bits = notification->bits & mask;

    if (bits == 0) {
        return false;
    }
    bits = notification_take(core, notification, bits);
    thread_answer(thread, ERR_OK, 0, bits);
    return true;
}

err_t notification_poll(struct core *core, struct thread *thread, struct cap *target)
{
    if (look_gives_up(core, target->object)) {
        return KERNEL_RESTART;
    }
    notification_come_home(target->object, core);
    return take_bits(core, thread, target->object, thread->registers.bits) ? ERR_OK
                                                                           : ERR_WOULD_BLOCK;
}

/* Whom word 0 names to lend to; NULL for nobody. Errors: BAD_CAP, WRONG_TYPE, NO_RIGHT, WOULD_DEADLOCK. */
static err_t holder_find(const struct thread *thread, const struct notification *notification,
                         struct thread **holder)
{
    uint64_t addr = thread->registers.words[0];
    struct cap *cap;
    err_t err;

    *holder = NULL;
    if (addr == 0) {
        return ERR_OK;
    }
    err = cap_lookup(thread->table, addr, OBJECT_THREAD, RIGHT_LEND, &cap);
    if (err) {
        return err;
    }
    *holder = cap->object;
    if (thread->lend.rank <= notification->lend.rank ||
        (*holder)->lend.rank > notification->lend.rank) {
        return ERR_WOULD_DEADLOCK;
    }
    return ERR_OK;
}

static void wait_begin(struct core *core, struct thread *thread, struct notification *notification,
                       struct thread *holder)
{
    uint64_t key = lend_key(&thread->lend);

    if (holder != NULL && !notification_can_lend(core, notification)) {
        holder = NULL;
    }
    notification->wait_mask = thread->registers.bits;
    thread->waiting_on = notification;
    thread->deadline_ns = thread->registers.time;
    thread->state = THREAD_STATE_WAITING;
    thread->lends_waiting = holder != NULL;
    thread_unready(core, thread);
    if (holder == NULL) {
        queue_insert(&notification->plain, &thread->lend.node, key);
    } else {
        lend_attach(core, &thread->lend, &notification->lend);
        /* Who holds it was settled by the first to wait, and by every hand-over since. */
        if (notification->lend.to == NULL && core_is_same(core, holder->home)) {
            lend_attach(core, &notification->lend, &holder->lend);
        }
    }
    if (thread->deadline_ns != DEADLINE_NEVER) {
        deadline_queue(core, thread);
    }
}

err_t notification_wait(struct core *core, struct thread *thread, struct cap *target)
{
    struct notification *notification = target->object;
    uint64_t mask = thread->registers.bits;
    struct thread *holder;
    err_t err;

    if (mask == 0) {
        return ERR_RANGE;
    }
    if (look_gives_up(core, notification)) {
        return KERNEL_RESTART;
    }
    err = holder_find(thread, notification, &holder);
    if (err) {
        return err;
    }
    if (notification->bound != NULL ||
        (notification_waiter(notification) != NULL && notification->wait_mask != mask)) {
        return ERR_BUSY;
    }
    notification_come_home(notification, core);
    if (take_bits(core, thread, notification, mask)) {
        return ERR_OK;
    }
    if (deadline_is_past(thread)) {
        return ERR_TIMED_OUT;
    }
    wait_begin(core, thread, notification, holder);
    return ERR_OK;
}
