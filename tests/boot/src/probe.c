/* SPDX-License-Identifier: MIT */
#include "boot_test/probe.h"

#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"

#define PROBE_PRIORITY 60u
#define PROBE_TIME MS(10000)
#define REGISTER_RSI 7u
#define SCRATCH (PLACE + MIB(900))

static struct probe make_thread(cap_addr_t space, user_addr_t code)
{
    struct probe probe = { .code = code };

    probe.thread = make(OBJECT_THREAD, THREAD_SIZE(1));
    probe.context = make(OBJECT_SCHED_CONTEXT, 0);
    REQUIRE_OK(thread_configure(probe.thread, TABLE, space));
    REQUIRE_OK(
        sched_context_configure(probe.context, MACHINE, PROBE_PRIORITY, PROBE_TIME, PROBE_TIME, 0));
    REQUIRE_OK(sched_context_bind(probe.context, probe.thread));
    return probe;
}

struct probe probe_make(void)
{
    return make_thread(VSPACE, (uintptr_t)probe_code);
}

struct probe probe_make_in(cap_addr_t space, user_addr_t code)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t there = copy_of(frame, RIGHTS_ALL);
    uint32_t done = 0;

    map_at(frame, SCRATCH, 1, PROT_READ | PROT_WRITE);
    for (uintptr_t i = 0; i < (uintptr_t)probe_code_end - (uintptr_t)probe_code; i++) {
        ((char *)SCRATCH)[i] = probe_code[i];
    }
    REQUIRE_OK(frame_detach(frame));
    REQUIRE_OK(vspace_map(space, there, 0, 1, code, PROT_READ | PROT_EXEC, &done));
    return make_thread(space, code);
}

struct outcome probe_run(const struct probe *probe, const void *code, uint64_t rdi, uint64_t rsi)
{
    REQUIRE_OK(thread_write_registers(probe->thread, 1, 2, 0, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_write_registers(probe->thread, REGISTER_RSI, 2, rsi, rdi, 0, 0, 0, 0));
    return probe_run_as_is(probe, code);
}

struct outcome probe_run_as_is(const struct probe *probe, const void *code)
{
    uint64_t offset = (uintptr_t)code - (uintptr_t)probe_code;
    struct outcome outcome = { 0 };
    uint32_t rank;
    uint64_t switches, unused;

    REQUIRE_OK(thread_write_registers(probe->thread, 0, 1, probe->code + offset, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_resume(probe->thread));
    settle();
    CHECK_OK(thread_info(probe->thread, &outcome.state, &outcome.kind, &outcome.address,
                         &outcome.ip, &rank, &switches));
    if (!CHECK_EQ(outcome.state, THREAD_STATE_INACTIVE, "the probe has stopped")) {
        outcome.kind = 0;
        (void)!thread_suspend(probe->thread);
        return outcome;
    }
    outcome.ip += (uintptr_t)probe_code - probe->code;
    CHECK_OK(thread_read_registers(probe->thread, 3, 1, &outcome.value, &unused, &unused, &unused,
                                   &unused, &unused, &unused, &unused));
    return outcome;
}

void probe_expect_read(const struct probe *probe, user_addr_t at, uint64_t value)
{
    struct outcome outcome = probe_run(probe, probe_read, at, 0);

    CHECK_EQ(outcome.kind, FAULT_ILLEGAL, "the read goes well");
    CHECK_EQ(outcome.value, value, "and finds what is there");
}

void probe_expect_write(const struct probe *probe, user_addr_t at, uint64_t value)
{
    CHECK_EQ(probe_run(probe, probe_write, at, value).kind, FAULT_ILLEGAL, "the write goes well");
}

void probe_expect_fault(const struct probe *probe, const void *code, user_addr_t at, uint32_t kind)
{
    struct outcome outcome = probe_run(probe, code, at, 0);

    CHECK_EQ(outcome.kind, kind, "kind of fault");
    CHECK_EQ(outcome.address, at, "address of the fault");
    if (code != probe_exec) {
        CHECK_EQ(outcome.ip, (uintptr_t)code, "the instruction that faulted");
    }
}
