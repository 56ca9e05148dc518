/* SPDX-License-Identifier: MIT */
/*
 * System calls of a foreign program, by the fast and by the slow way through the kernel (which it takes while the trace is on): every register
 * but rcx and r11 comes to the shim as it was, with the flags, a garbage rsp or a red zone below it, and the program's own gs base.
 */
#include "boot_test/guest.h"
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"

#define FLAGS_PLAIN 0x202ull
#define FLAG_TF 0x100ull
#define FLAG_RF 0x10000ull
/* CF PF AF ZF SF DF OF NT RF AC ID */
#define FLAGS_ANY 0x254cd5ull

enum { RED_ZONE = 128 / 8, NUMBERS = 512 };

static const uint64_t huge[] = { 512,        1000,         0x7fffffff,  0x80000000,
                                 0xffffffff, 0x100000000,  ~0ull,       ~0ull << 32,
                                 1ull << 63, 0x4000000000, 0x100000005, 0x700000001 };

static void trace(bool on)
{
    uint64_t events;

    REQUIRE_OK(machine_trace(MACHINE, on, &events));
}

static struct guest_registers random_registers(uint64_t number)
{
    struct guest_registers registers = { 0 };
    uint64_t *words = (uint64_t *)&registers;

    for (uint32_t i = 0; i < sizeof(registers) / sizeof(*words); i++) {
        words[i] = test_random() % 4 == 0 ? ~0ull : test_random();
    }
    registers.ax = number;
    return registers;
}

/* wanted: of a system call, without rcx and r11. */
static bool registers_came(const struct guest *guest, const struct guest_registers *wanted,
                           bool all)
{
    struct guest_registers got = guest->page->saved;
    const uint64_t *words = (const uint64_t *)&got;
    const uint64_t *should = (const uint64_t *)wanted;
    uint32_t wrong = 0;

    if (!all) {
        got.cx = wanted->cx;
        got.r11 = wanted->r11;
    }
    for (uint32_t i = 0; i < sizeof(got) / sizeof(*words); i++) {
        wrong += words[i] != should[i];
    }
    return CHECK_EQ(wrong, 0, "every register is as it was");
}

/* The shim waits with what the program at after had. */
static bool call_came(const struct guest *guest, const struct guest_registers *registers,
                      uint64_t sp, uint64_t flags)
{
    const struct guest_page *page = guest->page;
    bool right = registers_came(guest, registers, false);

    right = CHECK_EQ(page->frame.kind, FAULT_SYSCALL, "it was a system call") && right;
    right = CHECK_EQ(page->frame.rip, (uintptr_t)guest_call_after, "rip is behind it") && right;
    right = CHECK_EQ(page->frame.rsp, sp, "rsp") && right;
    right = CHECK_EQ(page->frame.rflags & ~FLAG_RF, flags & ~FLAG_RF, "rflags") && right;
    right = CHECK_EQ(page->shim_flags, FLAGS_PLAIN, "the shim's are plain") && right;
    return CHECK_EQ(page->base, page->based[0], "gs base is the program's") && right;
}

/* One call, from a shim that waits; the frame's address and detail are nobody's. */
static bool call_make(const struct guest *guest, uint64_t number, uint64_t sp)
{
    struct guest_page *page = guest->page;
    struct guest_registers registers = random_registers(number);
    uint64_t flags = (test_random() & FLAGS_ANY) | FLAGS_PLAIN;
    uint64_t entries = page->entries;
    uint64_t address = test_random();

    page->saved = registers;
    page->frame.rip = (uintptr_t)guest_call;
    page->frame.rsp = sp;
    page->frame.rflags = flags;
    page->frame.kind = ~0ull;
    page->frame.address = address;
    page->frame.detail = ~address;
    guest_go(guest);
    settle();
    return CHECK_EQ(page->entries, entries + 1, "it came to the shim") &&
           call_came(guest, &registers, sp, flags) &&
           CHECK(page->frame.address == address && page->frame.detail == ~address,
                 "no more of the frame is written") &&
           CHECK(page->frame.cs != 0 && page->frame.ss != 0, "nor cs and ss");
}

static struct guest guest_in_shim(bool has_fpu)
{
    struct guest guest = guest_make(0, has_fpu);

    guest_foreign(&guest, 0);
    guest_run(&guest, guest_call, 0, FLAGS_PLAIN);
    settle();
    REQUIRE(guest.page->entries == 1, "the first call came");
    return guest;
}

static void every_number(bool has_fpu)
{
    static uint64_t stack[64];
    struct guest guest = guest_in_shim(has_fpu);
    bool right = true;

    for (uint32_t i = 0; i < NUMBERS + sizeof(huge) / sizeof(huge[0]) && right; i++) {
        uint64_t number = i < NUMBERS ? i : huge[i - NUMBERS];
        uint64_t sp = i % 3 == 0 ? (uintptr_t)&stack[RED_ZONE + i % 7] : test_random();

        for (uint32_t j = 0; j < 64; j++) {
            stack[j] = number ^ j;
        }
        right = call_make(&guest, number, sp);
        for (uint32_t j = 0; j < 64 && right; j++) {
            right = CHECK_EQ(stack[j], number ^ j, "the program's memory, its red zone too");
        }
    }
}

TEST(every_number_is_reflected)
{
    every_number(false);
}

TEST(every_number_is_reflected_from_a_thread_with_an_fpu)
{
    every_number(true);
}

TEST(every_number_is_reflected_by_the_slow_way)
{
    trace(true);
    every_number(false);
    every_number(true);
    trace(false);
}

/* reply_receive and call have fast paths with entries of their own: all that could make them one. */
TEST(numbers_of_fast_calls_are_reflected_whatever_is_in_the_other_registers)
{
    struct guest guest = guest_in_shim(false);
    bool right = true;

    for (uint32_t i = 0; i < 300 && right; i++) {
        uint64_t number = i % 3 == 0   ? SYSCALL_CALL
                          : i % 3 == 1 ? SYSCALL_REPLY_RECEIVE
                                       : SYSCALL_ABI_VERSION;
        uint64_t cap = test_random() % 4 == 0 ? test_random() : guest.page->go;

        right = call_make(&guest, number | cap << 32, test_random());
    }
}

/* What the program has after a call is what the shim gives it, by both ways back. */
TEST(the_shim_gives_every_register_back)
{
    struct guest guest = guest_in_shim(false);
    struct guest_page *page = guest.page;
    static volatile uint64_t told[2];

    page->saved = random_registers(0);
    page->saved.r12 = 0;
    page->saved.r14 = (uintptr_t)told;
    page->saved.r8 = page->saved.r9 = 77;
    page->frame.rip = (uintptr_t)guest_count;
    page->frame.rflags = FLAGS_PLAIN;
    page->quick = 1;
    told[0] = 0;
    guest_go(&guest);
    sleep_ns(MS(2));
    CHECK(told[0] > 100, "it makes calls");
    CHECK_EQ(guest_info(&guest).state, THREAD_STATE_READY, "and finds each answered right");
    CHECK_BETWEEN(page->entries, told[0], told[0] + 3, "by the shim");
}

/* TF at the call does not step through the shim; it counts again when the program goes on. */
TEST(a_single_step_passes_over_the_shim)
{
    struct guest guest = guest_make(0, false);
    struct guest_page *page = guest.page;

    guest_foreign(&guest, 1u << FAULT_SINGLE_STEP);
    guest_run(&guest, guest_call, 0, FLAGS_PLAIN | FLAG_TF);
    settle();
    CHECK_EQ(page->entries, 1, "the call, and no step in the shim");
    CHECK_EQ(page->frame.kind, FAULT_SYSCALL, "it is the call");
    CHECK_EQ(page->frame.rflags, FLAGS_PLAIN | FLAG_TF, "with TF");
    if (page->iret) {
        page->frame.rip = (uintptr_t)guest_step;
        guest_go(&guest);
    } else {
        REQUIRE_OK(thread_suspend(guest.thread));
        guest_run(&guest, guest_step, page->frame.rsp, page->frame.rflags);
    }
    test_note("the shim goes back %s", page->iret ? "by iretq" : "without iretq");
    settle();
    CHECK_EQ(page->entries, 2, "one instruction of the program's");
    CHECK_EQ(page->frame.kind, FAULT_SINGLE_STEP, "and the step");
    CHECK_EQ(page->frame.rip, (uintptr_t)guest_step + 1, "behind it");
    CHECK_EQ(page->frame.rflags, FLAGS_PLAIN | FLAG_TF, "with TF");
    CHECK_EQ(page->shim_flags, FLAGS_PLAIN, "which the shim has not");
}

/* A native thread as ever: this program is full of them, and here is one that was foreign. */
TEST(a_thread_can_be_native_again)
{
    struct guest guest = guest_make(0, false);
    struct guest_registers registers = random_registers(SYSCALL_ABI_VERSION);

    guest_foreign(&guest, 0);
    REQUIRE_OK(thread_set_foreign(guest.thread, 0, 0, 0, 0, 0, 0, 0));
    registers.ax = SYSCALL_ABI_VERSION;
    guest_set(&guest, &registers);
    guest_start(&guest, guest_at(&guest, guest_high), 0, FLAGS_PLAIN);
    settle();
    CHECK_EQ(guest_info(&guest).fault, FAULT_ILLEGAL, "its call came back");
    CHECK_EQ(guest.page->entries, 0, "nothing to the shim");
    guest_set(&guest, &registers);
    guest_run(&guest, guest_call, 0, FLAGS_PLAIN);
    sleep_ns(MS(1));
    CHECK_EQ(guest_info(&guest).state, THREAD_STATE_READY, "it makes native calls");
    CHECK_EQ(guest.page->entries, 0, "from elsewhere, too");
}
