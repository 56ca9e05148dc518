/* SPDX-License-Identifier: MIT */
/*
 * What a program can leave in the processor on its way into the kernel: flags, an address at the end of its half,
 * selectors. docs/kernel/hardening.md
 */
#include "entry.h"

#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define FLAG_TF 0x100ull
#define FLAG_IF 0x200ull
#define FLAG_DF 0x400ull
#define FLAG_IOPL 0x3000ull
#define FLAG_NT 0x4000ull
#define FLAG_AC 0x40000ull
#define FLAGS_COMPARED (FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_AC)

#define REGISTER_RBP 9u
#define USER_END 0x7ffffffff000ull /* the last page of the lower half begins here */
#define USER_CODE 0x20u   /* the only one of code, less its last two bits: SEGMENT_USER_CODE */
#define GDT_SELECTORS 72u /* past the table's end */

static const uint64_t calls[] = { SYSCALL_ABI_VERSION, SYSCALL_YIELD, OP(SYSCALL_CALL, 1),
                                  OP(SYSCALL_REPLY_RECEIVE, 1), 0xff };

/* A prisoner at its first instruction: it has never run, so that it leaves the kernel by iretq. */
static struct probe prisoner_make(uint64_t op, uint64_t flags)
{
    struct probe probe = probe_make();
    uint64_t stack = PLACE + PAGE_BYTES;

    REQUIRE_OK(thread_configure(probe.thread, make(OBJECT_CAP_TABLE, 4), VSPACE));
    REQUIRE_OK(thread_write_registers(probe.thread, 0, 4, (uintptr_t)entry_with_flags, stack,
                                      FLAG_IF, op, 0, 0));
    REQUIRE_OK(thread_write_registers(probe.thread, REGISTER_RBP, 1, flags, 0, 0, 0, 0, 0));
    return probe;
}

static void check_end(const struct probe *probe, uint64_t flags)
{
    uint32_t state = 0, kind = 0, rank;
    uint64_t address, ip = 0, switches, after = 0, unused;

    CHECK_OK(thread_info(probe->thread, &state, &kind, &address, &ip, &rank, &switches));
    CHECK_EQ(state, THREAD_STATE_INACTIVE, "it came to its end");
    CHECK_BETWEEN(ip, (uintptr_t)entry_with_flags, (uintptr_t)entry_with_flags_end, "in its code");
    if ((flags & FLAG_TF) != 0) {
        CHECK_EQ(kind, FAULT_SINGLE_STEP, "the trap is the program's, not the kernel's");
        return;
    }
    CHECK_EQ(kind, FAULT_ILLEGAL, "after the call it goes on");
    CHECK_OK(thread_read_registers(probe->thread, REGISTER_RBP, 1, &after, &unused, &unused,
                                   &unused, &unused, &unused, &unused, &unused));
    CHECK_EQ(after & FLAGS_COMPARED, (flags & FLAGS_COMPARED & ~FLAG_IOPL) | FLAG_IF,
             "it has its flags again, and no more than it may have");
}

/*
 * Two at once: what one leaves in the flags is there when the kernel goes on to the other, which leaves by iretq. That
 * faults in the kernel if NT is set (SDM volume 2, IRET), traps if TF is.
 */
TEST(flags_of_a_program_stay_outside)
{
    static const uint64_t flags[] = { FLAG_TF, FLAG_DF, FLAG_IOPL,
                                      FLAG_NT, FLAG_AC, FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_AC };

    map_at(make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K)), PLACE, 1, PROT_READ | PROT_WRITE);
    for (uint32_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
        for (uint32_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++) {
            struct probe first = prisoner_make(calls[c], flags[f] | FLAG_IF);
            struct probe second = prisoner_make(calls[c], flags[f] | FLAG_IF);

            REQUIRE_OK(thread_resume(first.thread));
            REQUIRE_OK(thread_resume(second.thread));
            settle();
            check_end(&first, flags[f]);
            check_end(&second, flags[f]);
        }
    }
}

/* A call with all 64 words while the direction flag is set: backwards, they would come from before the buffer. */
static void call_backwards(struct worker *worker)
{
    uint64_t op = OP(SYSCALL_CALL, worker->arg[0]);
    uint64_t info = MSG_INFO(0, MSG_WORDS_MAX, 0), time = DEADLINE_NEVER, bits = 0;

    __asm__ volatile("std; syscall; cld"
                     : "+a"(op), "+D"(info), "+S"(time), "+d"(bits)
                     :
                     : "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc",
                       "memory");
    worker->out[0] = op;
}

TEST(the_kernel_copies_forwards)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_actor(3, 100);
    struct worker *client = worker_make(call_backwards, 8);

    worker_buffer(server);
    worker_buffer(client);
    for (uint32_t i = 0; i < MSG_WORDS_MAX; i++) {
        client->buffer->words[i] = 0x1000 + i;
        server->buffer->words[i] = 0x9000 + i;
    }
    worker_act(server, receive_from(endpoint));
    client->arg[0] = endpoint;
    client->out[0] = 99;
    worker_time(client, 50, MS(1000), MS(1000));
    worker_resume(client);
    settle();
    CHECK_OK(worker_result(server));
    for (uint32_t i = 8; i < MSG_WORDS_MAX; i++) {
        CHECK_EQ(server->buffer->words[i], 0x1000 + i, "a word of the message");
    }
    CHECK_OK(worker_result_of(server, reply_with(0, 0, 0)));
    CHECK_EQ(client->out[0], ERR_OK, "it was answered");
}

/* syscall in the last two bytes that can be mapped: it returns to the page that never is, and faults there, outside. */
TEST(a_call_at_the_end_of_the_half_returns_to_a_fault)
{
    static const uint8_t code[2] = { 0x0f, 0x05 };
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t shown = copy_of(frame, RIGHTS_ALL);
    uint32_t done = 0;

    REQUIRE_OK(vspace_add_tables(VSPACE, make(OBJECT_PAGE_TABLE, 4)));
    map_at(shown, PLACE, 1, PROT_READ | PROT_WRITE);
    for (uint32_t i = 0; i < sizeof(code); i++) {
        ((volatile uint8_t *)PLACE)[PAGE_BYTES - sizeof(code) + i] = code[i];
    }
    CHECK_EQ(vspace_map(VSPACE, frame, 0, 1, USER_END, PROT_READ | PROT_EXEC, &done), ERR_RANGE,
             "the last page is nobody's");
    map_at(frame, USER_END - PAGE_BYTES, 1, PROT_READ | PROT_EXEC);
    for (uint32_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++) {
        struct probe probe = prisoner_make(calls[c], FLAG_IF);
        uint64_t at = USER_END - sizeof(code);
        /* The probe counts in its own code's addresses, which are this program's. */
        struct outcome outcome = probe_run_as_is(&probe, (const void *)at);

        CHECK_EQ(outcome.kind, FAULT_NOT_PRESENT, "it comes back, to nothing");
        CHECK_EQ(outcome.address, USER_END, "behind the call");
        CHECK_EQ(outcome.ip, USER_END, "behind the call");
    }
}

/*
 * One selector leads to code, and that is 64-bit code: there is none of 32 bits, in which a call would come in by CSTAR. Nor is there
 * a local table: after a reset the processor has one at address 0, where a program could write gates into the kernel.
 */
TEST(no_selector_leads_to_other_code)
{
    struct probe probe = probe_make();

    map_at(make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K)), PLACE, 1, PROT_READ | PROT_WRITE);
    for (uint32_t selector = 0; selector < GDT_SELECTORS; selector++) {
        *(volatile uint64_t *)PLACE = (uint64_t)selector << 32 | (uintptr_t)entry_far_there;
        struct outcome outcome = probe_run(&probe, entry_far_jump, PLACE, 0);

        if ((selector & ~3u) == USER_CODE) { /* a jump keeps the level that it has */
            CHECK_EQ(outcome.kind, FAULT_ILLEGAL, "its own code");
            CHECK_EQ(outcome.ip, (uintptr_t)entry_far_there, "it got there");
        } else if (!CHECK_EQ(outcome.kind, FAULT_GENERAL, "a selector of no code of programs")) {
            test_note("selector 0x%x: fault %u at 0x%lx, ip 0x%lx", selector, outcome.kind,
                      outcome.address, outcome.ip);
        }
    }
}
