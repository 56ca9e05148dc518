/* SPDX-License-Identifier: MIT */
/*
 * Threads, endpoints, reply objects and notifications: states against pointers, and every link known on
 * both sides.
 */
#include "check.h"

static bool is_current(const struct thread *thread)
{
    for (uint32_t i = 0; i < host_core_count(); i++) {
        if (host_core(i)->current == thread) {
            return true;
        }
    }
    return false;
}

/* What a core is about to resume may be out of date while it still has to look. */
static bool is_resumed(const struct thread *thread)
{
    return is_current(thread) && !host_is_poked(thread->home);
}

static bool wrong(struct view *view, const struct thread *thread, const char *what)
{
    return view_fail(view, "%s (state %u): %s", view_name(view, thread), thread->state, what);
}

/* --- The kernel's references ------------------------------------------------------------------- */

static const void *object_or_null(const struct cap *cap)
{
    return cap->type == OBJECT_NONE ? NULL : cap->object;
}

/* 1 KiB of a run, by the kernel's own alias, if the capability for it is there. */
static bool is_pinned(const void *start, const struct cap *cap)
{
    return (start != NULL) == (cap->type != OBJECT_NONE) &&
           (start == NULL || arch_ptr_to_phys(start) - cap->parent->run.base <=
                                 cap->parent->run.size_bytes - MSG_BUFFER_BYTES);
}

static bool check_foreign(struct view *view, const struct thread *thread)
{
    bool is_native = thread->native_start == 0 && thread->native_bytes == UINT64_MAX;

    if (!is_pinned(thread->foreign_frame, &thread->frame_cap)) {
        return wrong(view, thread, "its foreign frame is not in the run");
    }
    if (is_native && (thread->foreign_frame != NULL || thread->reflects != 0)) {
        return wrong(view, thread, "it is native, and something would be reflected");
    }
    uint64_t start = thread->native_start - ARCH_SYSCALL_BYTES;
    uint64_t bytes = thread->native_bytes;

    if (!is_native &&
        (bytes > ARCH_USER_END || start > ARCH_USER_END - bytes ||
         thread->foreign_entry - start >= bytes || (thread->reflects & 1u << FAULT_SYSCALL) == 0)) {
        return wrong(view, thread, "its native range is none, or its entry lies outside");
    }
    return true;
}

static bool check_shortcuts(struct view *view, const struct thread *thread)
{
    if (thread->table != object_or_null(&thread->table_cap)) {
        return wrong(view, thread, "the shortcut to its table is wrong");
    }
    if (thread->space != object_or_null(&thread->space_cap)) {
        return wrong(view, thread, "the shortcut to its address space is wrong");
    }
    if (thread->bound != object_or_null(&thread->bound_cap)) {
        return wrong(view, thread, "the shortcut to its bound notification is wrong");
    }
    if (!is_pinned(thread->buffer, &thread->buffer_cap)) {
        return wrong(view, thread, "its message buffer is not in the run");
    }
    if (thread->bound != NULL && thread->bound->bound != thread) {
        return wrong(view, thread, "the notification bound to it is bound to another");
    }
    if (thread->context != NULL && (!view_has(view, thread->context, OBJECT_SCHED_CONTEXT) ||
                                    thread->context->owner != thread)) {
        return wrong(view, thread, "its context has another owner");
    }
    return check_foreign(view, thread);
}

/* --- What it serves ---------------------------------------------------------------------------- */

static bool makes_a_call(const struct thread *thread)
{
    return thread->state == THREAD_STATE_CALLING || thread->state == THREAD_STATE_FAULTED;
}

static bool check_serving(struct view *view, const struct thread *thread)
{
    const struct thread *caller = thread->serving;
    const struct reply *previous = NULL;
    const struct endpoint *before = NULL;
    uint32_t count = 0;

    if (caller != NULL && (!view_has(view, caller, OBJECT_THREAD) || caller->served_by != thread)) {
        return wrong(view, thread, "it serves a thread that does not know of it");
    }
    for (const struct reply *reply = thread->deferred; reply != NULL;
         reply = reply->next_deferred) {
        if (!view_has(view, reply, OBJECT_REPLY) || reply->server != thread ||
            reply->previous_deferred != previous || ++count > view->object_count) {
            return wrong(view, thread, "its list of deferred calls is broken");
        }
        previous = reply;
    }
    for (const struct endpoint *endpoint = thread->endpoints; endpoint != NULL;
         endpoint = endpoint->next_of_server) {
        if (!view_has(view, endpoint, OBJECT_ENDPOINT) || endpoint->server != thread ||
            endpoint->previous_of_server != before || ++count > 2 * view->object_count) {
            return wrong(view, thread, "its list of endpoints is broken");
        }
        before = endpoint;
    }
    return true;
}

/* --- What it waits for ------------------------------------------------------------------------- */

static bool check_call(struct view *view, const struct thread *thread)
{
    const struct thread *server = thread->served_by;
    const struct reply *reply = thread->held_by;
    const struct lend *to = thread->lend.to;

    if ((thread->state == THREAD_STATE_FAULTED) != thread->call_is_fault) {
        return wrong(view, thread, "call_is_fault does not fit the state");
    }
    if (check_inbox_of(view, &thread->inbox) != NULL) {
        return to == NULL || wrong(view, thread, "it is under way, and lends");
    }
    if ((server != NULL || reply != NULL) && !thread->call_is_fault &&
        MSG_CAPS(thread->registers.info) != 0 && !(thread->call_rights & RIGHT_GRANT)) {
        return wrong(view, thread, "capabilities were sent without the right to");
    }
    if (server != NULL) {
        return (view_has(view, server, OBJECT_THREAD) && server->serving == thread &&
                reply == NULL && to == (server->home == thread->home ? &server->lend : NULL)) ||
               wrong(view, thread, "its server does not serve it, or it has no edge to it");
    }
    if (reply != NULL) {
        return (view_has(view, reply, OBJECT_REPLY) && reply->caller == thread && to == NULL) ||
               wrong(view, thread, "the reply object holds another call, or an edge was left");
    }
    if (thread->plain_on != NULL) {
        return (host_core_count() > 1 && view_has(view, thread->plain_on, OBJECT_ENDPOINT) &&
                to == NULL) ||
               wrong(view, thread, "it waits without lending where it could lend");
    }
    return (to != NULL && to->kind == LEND_ENDPOINT && view_has(view, to, OBJECT_ENDPOINT)) ||
           wrong(view, thread, "it calls, but is neither queued, served nor deferred");
}

static bool check_receiving(struct view *view, const struct thread *thread)
{
    const struct endpoint *endpoint = thread->receiving_on;

    if (endpoint == NULL || !view_has(view, endpoint, OBJECT_ENDPOINT) ||
        endpoint->server != thread || thread->serving != NULL || thread->lend.to != NULL) {
        return wrong(view, thread, "it receives, but not as the endpoint's idle server");
    }
    if (!queue_is_empty(&endpoint->lend.from) || !queue_is_empty(&endpoint->plain)) {
        return wrong(view, thread, "it receives while callers are queued");
    }
    if (thread->bound != NULL &&
        (thread->bound->bits & thread->bound_mask & thread->wait_mask) != 0) {
        return wrong(view, thread, "it receives while bits it waits for are set");
    }
    return true;
}

static bool check_waiting(struct view *view, const struct thread *thread)
{
    const struct notification *notification = thread->waiting_on;

    if (notification == NULL || !view_has(view, notification, OBJECT_NOTIFICATION)) {
        return wrong(view, thread, "it waits for no notification");
    }
    if (thread->lend.to != (thread->lends_waiting ? &notification->lend : NULL)) {
        return wrong(view, thread, "its edge does not fit its wait");
    }
    return true;
}

static bool is_with_another_core(const struct view *view, const struct thread *thread)
{
    return thread->plain_on != NULL || check_inbox_of(view, &thread->inbox) != NULL ||
           (thread->served_by != NULL && thread->served_by->home != thread->home) ||
           (thread->held_by != NULL && thread->held_by->home != thread->home);
}

static bool check_state(struct view *view, const struct thread *thread)
{
    bool calls = makes_a_call(thread);
    bool waits = thread->state == THREAD_STATE_WAITING;
    bool receives = thread->state == THREAD_STATE_RECEIVING;

    if (thread->state > THREAD_STATE_FAULTED) {
        return wrong(view, thread, "there is no such state");
    }
    if ((!calls && (thread->served_by != NULL || thread->held_by != NULL)) ||
        (thread->plain_on != NULL &&
         (!calls || thread->served_by != NULL || thread->held_by != NULL))) {
        return wrong(view, thread, "it makes no call, but somebody holds one");
    }
    if (thread->is_away != (calls && is_with_another_core(view, thread))) {
        return wrong(view, thread, "its call is away, or it is not, and the mark does not say so");
    }
    if (waits != (thread->waiting_on != NULL) || receives != (thread->receiving_on != NULL)) {
        return wrong(view, thread, "waiting_on or receiving_on does not fit the state");
    }
    if (!calls && !waits && thread->lend.to != NULL) {
        return wrong(view, thread, "it lends without waiting");
    }
    if (!check_is_core(thread->home) || (is_current(thread) && thread->home->current != thread)) {
        return wrong(view, thread, "its home is no core, or it is current elsewhere");
    }
    if (is_resumed(thread) && thread->state != THREAD_STATE_READY) {
        return wrong(view, thread, "it is current, but not ready");
    }
    if (thread->state == THREAD_STATE_READY && (thread->table == NULL || thread->space == NULL)) {
        return wrong(view, thread, "it is ready without a table or an address space");
    }
    if (calls) {
        return check_call(view, thread);
    }
    return receives ? check_receiving(view, thread) : !waits || check_waiting(view, thread);
}

static bool check_ready(struct view *view, const struct thread *thread)
{
    const struct core *core = thread->home;
    bool queued = thread->state == THREAD_STATE_READY && thread->lend.top != NULL &&
                  thread != core->woken && !is_current(thread);

    if (is_current(thread) && host_is_poked(core)) {
        /* It may have been put behind others already. */
        queued = thread->state == THREAD_STATE_READY && thread->ready.is_queued;
    }
    if (queued && thread->ready.key != 255u - thread->lend.top->priority) {
        return wrong(view, thread, "its place in the ready queue is of another priority");
    }
    return check_in(view, &thread->ready, thread->ready.is_queued, queued ? &core->ready : NULL,
                    thread);
}

/* --- The marks of the fast paths (ipc/fast.h): what they promise --------------------------------- */

static bool check_replies_to(struct view *view, const struct thread *thread)
{
    const struct thread *caller = thread->replies_to;

    if (caller == NULL) {
        return true;
    }
    if (caller != thread->serving || caller->state != THREAD_STATE_CALLING ||
        caller->call_is_fault) {
        return wrong(view, thread, "it is marked to reply fast to what is no such call");
    }
    if (thread->lend.from.first != &caller->lend.node ||
        caller->lend.node.next != &caller->lend.node || caller->lend.node.after != NULL ||
        thread->lend.top != caller->lend.top) {
        return wrong(view, thread, "it is marked to reply fast, but is on others' time, too");
    }
    return true;
}

/* A node that is in no queue can be put into one as it is. */
static bool rests(const struct queue_node *node)
{
    return node->is_queued || (node->before == NULL && node->after == NULL && node->next == node &&
                               node->previous == node);
}

static bool check_waiter(struct view *view, const struct endpoint *endpoint)
{
    const struct thread *waiter = endpoint->waiter;

    return waiter == NULL ||
           (waiter == endpoint->server && waiter->state == THREAD_STATE_RECEIVING &&
            waiter->receiving_on == endpoint && queue_is_empty(&waiter->lend.from) &&
            !waiter->timeout.node.is_queued && !waiter->caller_is_gone) ||
           view_fail(view, "%s is marked for fast calls, but its server does not just wait",
                     view_name(view, endpoint));
}

/* --- Objects where threads meet ---------------------------------------------------------------- */

static bool check_endpoint(struct view *view, const struct endpoint *endpoint)
{
    const struct thread *server = endpoint->server;
    uint32_t count = 0;

    if (!check_waiter(view, endpoint)) {
        return false;
    }
    if (server == NULL) {
        return true;
    }
    if (!view_has(view, server, OBJECT_THREAD)) {
        return view_fail(view, "the server of %s is dead", view_name(view, endpoint));
    }
    for (const struct endpoint *of = server->endpoints; of != endpoint; of = of->next_of_server) {
        if (of == NULL || ++count > view->object_count) {
            return view_fail(view, "%s is not in its server's list", view_name(view, endpoint));
        }
    }
    return true;
}

static bool check_reply(struct view *view, const struct reply *reply)
{
    uint32_t count = 0;

    if (reply->caller == NULL) {
        return (reply->server == NULL) ||
               view_fail(view, "%s holds no call, but has a server", view_name(view, reply));
    }
    if (!view_has(view, reply->caller, OBJECT_THREAD) || reply->caller->held_by != reply ||
        !view_has(view, reply->server, OBJECT_THREAD) || reply->caller_is_gone) {
        return view_fail(view, "%s and its caller do not know each other", view_name(view, reply));
    }
    if (reply->home != reply->server->home) {
        return view_fail(view, "%s is not of the core of who deferred", view_name(view, reply));
    }
    for (const struct reply *of = reply->server->deferred; of != reply; of = of->next_deferred) {
        if (of == NULL || ++count > view->object_count) {
            return view_fail(view, "%s is not in its server's list", view_name(view, reply));
        }
    }
    return true;
}

static bool check_notification(struct view *view, const struct notification *notification)
{
    bool has_waiters =
        !queue_is_empty(&notification->lend.from) || !queue_is_empty(&notification->plain);
    const struct thread *bound = notification->bound;

    if (bound != NULL && (!view_has(view, bound, OBJECT_THREAD) || bound->bound != notification)) {
        return view_fail(view, "%s is bound to a thread that does not know",
                         view_name(view, notification));
    }
    if (has_waiters && (bound != NULL || (notification->bits & notification->wait_mask) != 0)) {
        return view_fail(view, "%s has waiters, and is bound or has bits for them",
                         view_name(view, notification));
    }
    return true;
}

bool check_threads(struct view *view)
{
    VIEW_EACH(view, OBJECT_THREAD, found)
    {
        const struct thread *thread = found->object;

        if (!check_shortcuts(view, thread) || !check_serving(view, thread) ||
            !check_state(view, thread) || !check_ready(view, thread) ||
            !check_replies_to(view, thread)) {
            return false;
        }
        if (!rests(&thread->lend.node)) {
            return wrong(view, thread, "a node of it that is in no queue is not at rest");
        }
    }
    VIEW_EACH(view, OBJECT_ENDPOINT, found)
    {
        if (!check_endpoint(view, found->object)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_REPLY, found)
    {
        if (!check_reply(view, found->object)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_NOTIFICATION, found)
    {
        if (!check_notification(view, found->object)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < host_core_count(); i++) {
        const struct thread *current = host_core(i)->current;
        const struct thread *woken = host_core(i)->woken;

        if (host_core(i)->must_dispatch && !host_is_poked(host_core(i))) {
            return view_fail(view, "a core was asked to dispatch, and has not");
        }
        if (current != NULL && !view_has(view, current, OBJECT_THREAD)) {
            return view_fail(view, "the current thread is dead");
        }
        if (woken != NULL &&
            (!view_has(view, woken, OBJECT_THREAD) || woken->home != host_core(i) ||
             woken->lend.top == NULL || woken->state != THREAD_STATE_READY || woken == current)) {
            return view_fail(view, "the woken thread is none");
        }
    }
    return true;
}
