/* SPDX-License-Identifier: MIT */
/*
 * The fast paths of call and reply against the slow ones: on the same inputs both leave the same.
 * A root thread calls a server through an endpoint, once by each road, for messages of every length,
 * deadlines, and servers with no, a worse and an equal context of their own.
 */
#include <string.h>

#include "abi/boot_info.h"
#include "arch_host/machine.h"
#include "arch_host/root.h"
#include "core/core.h"
#include "host_test/test.h"
#include "ipc/fast.h"
#include "ipc/ipc.h"
#include "sched/sched.h"

enum slot { ENDPOINT = 100, SERVER, CONTEXT, CALLED };
enum { BADGE = 77, ROOT_PRIORITY = 100 };

struct pair {
    struct core *core;
    struct thread *caller;
    struct thread *server;
    struct cap *endpoint; /* the badged capability that is called */
};

/* What a thread, and the core, look like to everybody else. */
struct face {
    uint64_t words[8];
    uint64_t op, info, time, bits;
    uint8_t state;
    struct lend *to;
    struct sched_context *top;
    uint32_t key;
    bool lends, is_ready, waits_for_time;
    uint8_t band;
    struct thread *serving, *served_by;
    struct endpoint *receiving_on;
    ns_t deadline_ns;
    uint64_t wait_mask;
    bool is_marked;
    bool caller_is_gone, call_is_fault;
};

struct outcome {
    struct face caller, server;
    struct thread *current, *entered;
    struct sched_context *charged;
    bool must_dispatch;
    ns_t armed_ns;
};

static struct face face_of(const struct thread *thread)
{
    struct face face;

    memset(&face, 0, sizeof(face));
    memcpy(face.words, thread->registers.words, sizeof(face.words));
    face.op = thread->registers.op;
    face.info = thread->registers.info;
    face.time = thread->registers.time;
    face.bits = thread->registers.bits;
    face.state = thread->state;
    face.to = thread->lend.to;
    face.top = thread->lend.top;
    face.key = lend_key(&thread->lend);
    face.lends = thread->lend.node.is_queued;
    face.is_ready = thread->ready.is_queued;
    face.waits_for_time = thread->timeout.node.is_queued;
    face.band = face.waits_for_time ? thread->timeout.band : 0;
    face.serving = thread->serving;
    face.served_by = thread->served_by;
    face.receiving_on = thread->receiving_on;
    face.deadline_ns = thread->deadline_ns;
    face.wait_mask = thread->wait_mask;
    face.is_marked = thread->replies_to != NULL;
    face.caller_is_gone = thread->caller_is_gone;
    face.call_is_fault = thread->call_is_fault;
    return face;
}

static struct outcome outcome_of(const struct pair *pair)
{
    struct outcome outcome;

    memset(&outcome, 0, sizeof(outcome));
    outcome.caller = face_of(pair->caller);
    outcome.server = face_of(pair->server);
    outcome.current = pair->core->current;
    outcome.entered = pair->core->entered;
    outcome.charged = pair->core->charged;
    outcome.must_dispatch = pair->core->must_dispatch;
    outcome.armed_ns = pair->core->armed_ns;
    return outcome;
}

/* Both were cleared before they were filled, so padding is the same, too. */
static bool is_same(const struct outcome *one, const struct outcome *other)
{
    const void *bytes[2] = { one, other };

    return memcmp(bytes[0], bytes[1], sizeof(*one)) == 0;
}

/* A method of a kernel object, called by the current thread. */
static uint64_t method(struct core *core, uint32_t number, uint32_t slot, uint32_t label,
                       const uint64_t words[8])
{
    struct thread *caller = core->current;

    memcpy(caller->registers.words, words, sizeof(caller->registers.words));
    caller->registers.op = number | (uint64_t)slot << 32;
    caller->registers.info = MSG_INFO(label, 8, 0);
    host_syscall(core);
    return caller->registers.op;
}

#define METHOD(slot, label, ...)                                                                   \
    CHECK_EQ(method(pair->core, SYSCALL_CALL, slot, label, (const uint64_t[8]){ __VA_ARGS__ }),    \
             ERR_OK, #label)

static void receive(struct core *core, uint32_t slot)
{
    core->current->registers.op = SYSCALL_RECEIVE | (uint64_t)slot << 32;
    core->current->registers.time = DEADLINE_NEVER;
    core->current->registers.bits = 0;
    host_syscall(core);
}

/* The server waits in receive; own_priority: of its context then, 0: it has none. */
static void pair_make(struct pair *pair, uint32_t own_priority)
{
    host_start(&(struct host_options){ .cores = 1 });
    struct host_root root =
        host_root_create(&(struct host_root_options){ .rank = 15, .priority = ROOT_PRIORITY });
    uint32_t untyped = root.slot_untyped;

    pair->core = host_core(0);
    pair->caller = root.thread;
    METHOD(untyped, UNTYPED_RETYPE, OBJECT_ENDPOINT, 5, 1, ROOT_SLOT_TABLE, ENDPOINT);
    METHOD(untyped, UNTYPED_RETYPE, OBJECT_THREAD, 3, 1, ROOT_SLOT_TABLE, SERVER);
    METHOD(untyped, UNTYPED_RETYPE, OBJECT_SCHED_CONTEXT, 0, 1, ROOT_SLOT_TABLE, CONTEXT);
    METHOD(ROOT_SLOT_TABLE, CAP_TABLE_MINT, CALLED, ROOT_SLOT_TABLE, ENDPOINT,
           RIGHT_CALL | RIGHT_GRANT, BADGE);
    METHOD(SERVER, THREAD_CONFIGURE, ROOT_SLOT_TABLE, ROOT_SLOT_VSPACE);
    pair->server = cap_slot(root.table, SERVER)->object;
    pair->server->registers.ip = HOST_SYSCALL_IP;
    pair->endpoint = cap_slot(root.table, CALLED);
    METHOD(CONTEXT, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 200, 10000000, 10000000, 0);
    METHOD(CONTEXT, SCHED_CONTEXT_BIND, SERVER);
    METHOD(SERVER, THREAD_RESUME);
    CHECK(pair->core->current == pair->server, "the server runs first");
    receive(pair->core, ENDPOINT);
    CHECK(pair->core->current == pair->caller, "the server waits");
    METHOD(CONTEXT, SCHED_CONTEXT_UNBIND);
    if (own_priority != 0) {
        METHOD(CONTEXT, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, own_priority, 10000000,
               10000000, 0);
        METHOD(CONTEXT, SCHED_CONTEXT_BIND, SERVER);
    }
}

static void registers_fill(struct thread *thread, uint32_t words, ns_t time, uint64_t salt)
{
    for (uint32_t i = 0; i < 8; i++) {
        thread->registers.words[i] = salt * 1000 + i;
    }
    thread->registers.info = MSG_INFO(salt % 100, words, 0);
    thread->registers.time = time;
    thread->registers.bits = 0;
}

static struct outcome call(struct pair *pair, bool fast, uint32_t words, ns_t deadline_ns)
{
    registers_fill(pair->caller, words, deadline_ns, 3);
    if (fast) {
        CHECK(ipc_call_fast(pair->core, pair->caller, CALLED), "the fast path takes this call");
    } else {
        CHECK_EQ(ipc_call(pair->core, pair->caller, pair->endpoint), ERR_OK, "the slow call");
        if (pair->core->must_dispatch) {
            core_dispatch(pair->core);
        }
    }
    return outcome_of(pair);
}

static struct outcome answer(struct pair *pair, bool fast, uint32_t words)
{
    registers_fill(pair->server, words, DEADLINE_NEVER, 5);
    if (fast) {
        CHECK(ipc_reply_receive_fast(pair->core, pair->server, ENDPOINT),
              "the fast path takes this reply");
    } else {
        CHECK_EQ(ipc_reply_receive(pair->core, pair->server, ENDPOINT), ERR_OK, "the slow reply");
        if (pair->core->must_dispatch) {
            core_dispatch(pair->core);
        }
    }
    return outcome_of(pair);
}

static void compare(uint32_t words, ns_t deadline_ns, uint32_t own_priority)
{
    struct outcome called[2];
    struct outcome answered[2];

    for (int fast = 0; fast < 2; fast++) {
        struct pair pair;

        pair_make(&pair, own_priority);
        called[fast] = call(&pair, fast != 0, words, deadline_ns);
        CHECK(pair.core->current == pair.server, "the server runs");
        CHECK_EQ(pair.server->registers.time, BADGE, "the badge arrives");
        answered[fast] = answer(&pair, fast != 0, words);
        CHECK(pair.core->current == pair.caller, "the caller runs");
        for (uint32_t i = 0; i < 8; i++) {
            CHECK_EQ(pair.caller->registers.words[i], i < words ? 5000 + i : 0,
                     "the answer arrives, and nothing else does");
        }
        host_stop();
    }
    CHECK(is_same(&called[0], &called[1]), "both calls leave the same");
    CHECK(is_same(&answered[0], &answered[1]), "both replies leave the same");
}

TEST(fast_and_slow_leave_the_same_for_every_length)
{
    for (uint32_t words = 0; words <= MSG_REGISTER_WORDS; words++) {
        compare(words, DEADLINE_NEVER, 0);
    }
}

TEST(fast_and_slow_leave_the_same_for_servers_with_time_of_their_own)
{
    compare(4, DEADLINE_NEVER, ROOT_PRIORITY - 20);
    compare(4, DEADLINE_NEVER, ROOT_PRIORITY);
}

TEST(fast_and_slow_leave_the_same_with_a_deadline_behind_the_budget)
{
    compare(4, 3600000000000ull, 0);
}

TEST(fast_and_slow_leave_the_same_with_a_deadline_to_be_armed)
{
    compare(4, 1, 0); /* already past: the timer fires when the server runs, but not here */
    compare(4, 5000000, 0);
    compare(8, 5000000, ROOT_PRIORITY);
}

/* Each of these must be left to the slow path, with nothing changed. */
TEST(what_the_fast_path_does_not_cover_it_leaves_alone)
{
    static const struct {
        const char *why;
        uint64_t info;
        uint32_t slot;
        ns_t deadline_ns;
        uint32_t own_priority;
    } cases[] = {
        { "nine words", MSG_INFO(0, 9, 0), CALLED, DEADLINE_NEVER, 0 },
        { "a capability", MSG_INFO(0, 1, 1), CALLED, DEADLINE_NEVER, 0 },
        { "a label of the kernel's", MSG_INFO(MSG_LABEL_FAULT, 1, 0), CALLED, DEADLINE_NEVER, 0 },
        { "no endpoint", MSG_INFO(0, 0, 0), SERVER, DEADLINE_NEVER, 0 },
        { "an empty slot", MSG_INFO(0, 0, 0), 90, DEADLINE_NEVER, 0 },
        { "a server with better time", MSG_INFO(0, 0, 0), CALLED, DEADLINE_NEVER,
          ROOT_PRIORITY - 1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pair pair;

        pair_make(&pair, cases[i].own_priority);
        if (cases[i].own_priority != 0) {
            /* The server's context gets better than the caller's while the server waits. */
            pair.server->lend.top->priority = ROOT_PRIORITY + 1;
            lend_top_set(&pair.server->lend, pair.server->lend.top);
        }
        pair.caller->registers.info = cases[i].info;
        pair.caller->registers.time = cases[i].deadline_ns;
        struct outcome before = outcome_of(&pair);

        CHECK(!ipc_call_fast(pair.core, pair.caller, cases[i].slot), cases[i].why);
        struct outcome after = outcome_of(&pair);

        CHECK(is_same(&before, &after), cases[i].why);
        CHECK(!ipc_reply_receive_fast(pair.core, pair.caller, ENDPOINT), "no call is served");
        host_stop();
    }
}
