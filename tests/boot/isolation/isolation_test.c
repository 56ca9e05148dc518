/* SPDX-License-Identifier: MIT */
/* A thread with an empty table in the space of this program tries all there is; nothing may change. */
#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"
#include "privileged.h"

#define CALLS_NUMBER 1000000u /* of each kind */
#define PORTS 65536u
#define REGISTER_DX 6u

/* What must not change while a prisoner is at work. */
struct watch {
    struct counts counts;
};

static struct watch watch_begin(void)
{
    struct watch watch;

    counts_take(&watch.counts);
    return watch;
}

static void watch_end(const struct watch *watch)
{
    struct counts now;

    counts_take(&now);
    CHECK_EQ(now.caps, watch->counts.caps, "capabilities");
    CHECK_EQ(now.objects, watch->counts.objects, "objects");
    CHECK_EQ(now.edges, watch->counts.edges, "edges");
    CHECK_EQ(now.used, watch->counts.used, "bytes used");
    CHECK_EQ(now.hash, watch->counts.hash, "hash of the tree");
}

static struct probe prisoner_make(void)
{
    struct probe probe = probe_make();

    REQUIRE_OK(thread_configure(probe.thread, make(OBJECT_CAP_TABLE, 4), VSPACE));
    return probe;
}

TEST(every_privileged_instruction_faults)
{
    struct probe probe = prisoner_make();
    struct watch watch = watch_begin();
    uintptr_t count =
        ((uintptr_t)privileged_list_end - (uintptr_t)privileged_list) / sizeof(struct privileged);

    for (uintptr_t i = 0; i < count; i++) {
        const struct privileged *p = &privileged_list[i];
        struct outcome outcome = probe_run(&probe, p->code, PLACE, PLACE);

        CHECK(outcome.kind == FAULT_GENERAL || outcome.kind == FAULT_ILLEGAL ||
                  outcome.kind == FAULT_NOT_PRESENT,
              p->name);
        CHECK_EQ(outcome.ip, (uintptr_t)p->code, p->name);
    }
    watch_end(&watch);
    test_note("%lu privileged instructions, each faults", count);
}

/* Receives the faults of a prisoner and moves it on to the next port. */
static void next_port(struct worker *worker)
{
    struct message message = receive_from((cap_addr_t)worker->arg[0]);
    cap_addr_t prisoner = (cap_addr_t)worker->arg[1];

    worker->out[0] = 0;
    for (uint32_t port = 0;;) {
        worker->out[2] = port;
        if (message_do(&message) != ERR_OK || message.words[0] != FAULT_GENERAL ||
            message.words[2] != worker->arg[2]) {
            worker->out[1] = message.words[0];
            return;
        }
        worker->out[0]++;
        if (++port == PORTS ||
            thread_write_registers(prisoner, REGISTER_DX, 1, port, 0, 0, 0, 0, 0) != ERR_OK) {
            return;
        }
        message = reply_receive_on((cap_addr_t)worker->arg[0], 0, 0);
    }
}

static void try_ports(const char *code)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 0);
    struct probe probe = prisoner_make();
    struct worker *guard = worker_make(next_port, 0);

    guard->arg[0] = endpoint;
    guard->arg[1] = probe.thread;
    guard->arg[2] = (uintptr_t)code;
    worker_time(guard, 80, MS(10000), MS(10000));
    worker_resume(guard);
    settle();
    struct watch watch = watch_begin();

    REQUIRE_OK(thread_set_handler(probe.thread, endpoint));
    REQUIRE_OK(thread_write_registers(probe.thread, 0, 1, (uintptr_t)code, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_write_registers(probe.thread, REGISTER_DX, 1, 0, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_resume(probe.thread));
    settle();
    if (!CHECK_EQ(guard->out[0], PORTS, "each port faults")) {
        test_note("port 0x%lx: fault %lu", guard->out[2], guard->out[1]);
    }
    REQUIRE_OK(thread_suspend(probe.thread));
    REQUIRE_OK(thread_set_handler(probe.thread, 0));
    watch_end(&watch);
}

/* At every width, in and out, from a register and from memory. */
TEST(every_port_faults)
{
    static const char *const codes[] = { port_in_1,  port_in_2,  port_in_4, port_out_1,
                                         port_out_2, port_out_4, port_ins,  port_outs };
    uint32_t count = sizeof(codes) / sizeof(codes[0]);

    for (uint32_t i = 0; i < count; i++) {
        try_ports(codes[i]);
    }
    test_note("%u instructions at each of %u ports, each faults", count, PORTS);
}

static bool is_harmless(err_t err)
{
    return err == ERR_BAD_CAP || err == ERR_BAD_CALL || err == ERR_NO_CALL || err == ERR_RANGE ||
           err == ERR_NO_BUFFER;
}

/* Tries every number with every empty slot, then random registers arg[0] times. */
static void try_everything(struct worker *worker)
{
    for (uint32_t number = 0; number < 256; number++) {
        for (uint64_t cap = 0; cap < 18; cap++) {
            struct message message = { .op = OP(number, cap), .time = DEADLINE_NEVER, .bits = 1 };
            err_t err = message_do(&message);
            bool is_free = number == SYSCALL_YIELD || number == SYSCALL_ABI_VERSION;

            worker->out[0]++;
            worker->out[1] += is_free ? err != ERR_OK : !is_harmless(err);
        }
    }
    for (uint64_t i = 0; i < worker->arg[0]; i++) {
        struct message message;
        uint64_t shape = test_random();

        message.op = test_random();
        message.info = test_random();
        message.time = test_random();
        message.bits = test_random();
        for (uint32_t w = 0; w < 8; w++) {
            message.words[w] = test_random() >> (shape >> w * 6 & 63);
        }
        /* Mostly numbers that exist, slots of the table, labels of methods. */
        if (shape & 1ull << 60) {
            message.op = (message.op & 0xf) | (message.op & 0x1full << 32);
        }
        if (shape & 1ull << 61) {
            message.info &= 0xf0f000f;
        }
        uint32_t number = message.op & 0xff;
        err_t err = message_do(&message);
        bool is_free = number == SYSCALL_YIELD || number == SYSCALL_ABI_VERSION;

        worker->out[0]++;
        if (is_free ? err != ERR_OK : !is_harmless(err)) {
            worker->out[1]++;
            worker->out[2] = number;
            worker->out[3] = err;
        }
    }
    __builtin_trap();
}

static void try_calls(cap_addr_t buffer)
{
    struct worker *worker = worker_make(try_everything, 3);
    struct watch watch;
    ns_t start = clock_now();

    worker->arg[0] = CALLS_NUMBER;
    worker_time(worker, 50, MS(1000), MS(1000));
    REQUIRE_OK(thread_configure(worker->thread, make(OBJECT_CAP_TABLE, 4), VSPACE));
    if (buffer != 0) {
        REQUIRE_OK(thread_set_buffer(worker->thread, buffer, 0));
    }
    watch = watch_begin();
    worker_resume(worker);
    settle();
    watch_end(&watch);
    CHECK_EQ(state_of(worker->thread), THREAD_STATE_INACTIVE, "it came to its end");
    CHECK_EQ(worker->out[0], CALLS_NUMBER + 256 * 18, "all calls were made");
    if (!CHECK_EQ(worker->out[1], 0, "each was refused, but yield and abi_version")) {
        test_note("the last one: system call %lu returned %lu", worker->out[2], worker->out[3]);
    }
    test_note("%lu calls with an empty table in %lu ms", worker->out[0],
              (clock_now() - start) / 1000000);
}

TEST(random_calls_change_nothing)
{
    try_calls(0);
}

TEST(random_calls_with_a_buffer_change_nothing)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t mapped = copy_of(frame, RIGHTS_ALL);

    map_at(mapped, PLACE, 1, PROT_READ | PROT_WRITE);
    for (uint32_t i = 0; i < PAGE_BYTES / 8; i++) {
        ((volatile uint64_t *)PLACE)[i] = test_random() & 0x8000001f8000001full;
    }
    try_calls(frame);
}

/* All registers, the stack pointer too; then the instruction syscall. */
TEST(calls_with_any_registers_return_or_fault)
{
    struct probe probe = prisoner_make();
    struct watch watch = watch_begin();
    static const uint64_t stacks[] = { 0,
                                       8,
                                       0x8000000000000000ull,
                                       ~0ull,
                                       0xffff800000000000ull,
                                       0x7fffffffffffull,
                                       0x800000000000ull };

    for (uint32_t i = 0; i < 3000 && !test_has_failed(); i++) {
        for (uint32_t r = 1; r < 18; r++) {
            uint64_t value = test_random();

            if (r == 1) {
                value = i % 8 == 7 ? value : stacks[i % 8];
            } else if (r == 3) {
                value = (value & 0xf) | (value & 0x1full << 32);
            }
            REQUIRE_OK(thread_write_registers(probe.thread, r, 1, value, 0, 0, 0, 0, 0));
        }
        /* Flags as well: TF makes it stop by SINGLE_STEP, after the call. */
        struct outcome outcome = probe_run_as_is(&probe, probe_call);

        CHECK(outcome.kind == FAULT_ILLEGAL || outcome.kind == FAULT_SINGLE_STEP ||
                  outcome.kind == FAULT_ALIGNMENT,
              "after the call it goes on where it was");
        CHECK_BETWEEN(outcome.ip, (uintptr_t)probe_call, (uintptr_t)probe_call + 4, "there");
    }
    watch_end(&watch);
}

TEST(flags_of_the_system_cannot_be_changed)
{
    struct probe probe = prisoner_make();
    uint64_t r[8] = { 0 };

    for (uint32_t i = 0; i < 64; i++) {
        struct outcome outcome = probe_run(&probe, probe_flags, test_random(), 0);

        CHECK(outcome.kind == FAULT_ILLEGAL || outcome.kind == FAULT_SINGLE_STEP ||
                  outcome.kind == FAULT_ALIGNMENT,
              "popf does not fault");
        CHECK_OK(thread_read_registers(probe.thread, 2, 1, &r[0], &r[1], &r[2], &r[3], &r[4], &r[5],
                                       &r[6], &r[7]));
        CHECK_EQ(r[0] & 0x3200, 0x200, "interrupts are on, IOPL is 0");
    }
}
