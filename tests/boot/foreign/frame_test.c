/* SPDX-License-Identifier: MIT */
/* The range and the frame: their edges, and a frame that is gone. */
#include "boot_test/guest.h"
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"

#define FLAGS_PLAIN 0x202ull

#define USER_END 0x7ffffffff000ull

/* Of the call at that part of the shim, if the range is [start, end): native, or not. */
static void is_native(struct guest *guest, const char *part, user_addr_t start, user_addr_t end,
                      bool native)
{
    struct guest_page *page = guest->page;
    user_addr_t from = guest_at(guest, part);
    uint64_t entries = page->entries;

    REQUIRE_OK(thread_set_foreign(guest->thread, guest->frame, GUEST_FRAME, start, end - start,
                                  guest_at(guest, guest_entry), (uintptr_t)&page->frame, 0));
    guest_set(guest, &(struct guest_registers){ .ax = SYSCALL_ABI_VERSION, .bx = 1 });
    guest_start(guest, from, 0, FLAGS_PLAIN);
    settle();
    CHECK_EQ(page->entries - entries, !native, "reflected or not");
    if (native) {
        CHECK_EQ(guest_info(guest).fault, FAULT_ILLEGAL, "it came back");
        CHECK_EQ(guest_info(guest).ip, from + 2, "behind its call");
    } else {
        CHECK_EQ(page->frame.rip, from + 2, "behind its call");
        CHECK_EQ(page->saved.bx, 1, "and no answer");
    }
    REQUIRE_OK(thread_suspend(guest->thread));
}

/* What counts is the first byte of the instruction. */
TEST(the_range_holds_instructions_that_begin_in_it)
{
    struct guest guest = guest_make(0, false);
    user_addr_t low = guest_at(&guest, guest_shim);
    user_addr_t high = guest_at(&guest, guest_high);

    is_native(&guest, guest_shim, low, high, true);
    is_native(&guest, guest_shim, low - 1, high, true);
    is_native(&guest, guest_shim, low + 1, high, false);
    is_native(&guest, guest_shim, low + 2, high, false);
    is_native(&guest, guest_high, low, high + 2, true);
    is_native(&guest, guest_high, low, high + 1, true);
    is_native(&guest, guest_high, low, high, false);
    is_native(&guest, guest_high, low, high - 1, false);
}

/* From the first address on, and to the last. */
TEST(the_range_may_be_all_user_memory)
{
    struct guest guest = guest_make(0, false);
    user_addr_t high = guest_at(&guest, guest_high);

    is_native(&guest, guest_high, 0, USER_END, true);
    is_native(&guest, guest_high, guest_at(&guest, guest_shim), USER_END, true);
    is_native(&guest, guest_high, 0, high, false);
}

/* A handler may take the frame's place: it hears of the call before it is made, and it comes again. */
TEST(a_call_without_a_frame_is_a_fault)
{
    struct guest guest = guest_make(0, false);
    struct worker *doctor = worker_actor(3, 100);
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct guest_registers registers = { .ax = 39, .bx = 4, .dx = 5, .si = 6, .di = 7, .r15 = 8 };

    REQUIRE_OK(thread_set_handler(guest.thread, endpoint));
    guest_foreign(&guest, 0x1ffe);
    guest_set(&guest, &registers);
    delete (guest.pinned);
    guest.pinned = 0;
    worker_act(doctor, receive_from(endpoint));
    guest_run(&guest, guest_call, 0x1234, FLAGS_PLAIN | 1);
    settle();
    CHECK_EQ(guest.page->entries, 0, "nothing comes to the shim");
    CHECK(doctor->is_done, "the handler hears of it");
    CHECK_EQ(doctor->message.words[0], FAULT_SYSCALL, "as a system call");
    CHECK_EQ(doctor->message.words[2], (uintptr_t)guest_call, "at its instruction");
    CHECK_EQ(doctor->message.words[3], 0x1234, "with its stack pointer");
    CHECK_EQ(thread_set_foreign(guest.thread, guest.frame, 0, 0, 1, 0, 0, 0), ERR_BUSY,
             "not while it is handled");
    worker_act(doctor, reply_with(0, 1, 0));
    CHECK_EQ(guest_info(&guest).state, THREAD_STATE_INACTIVE, "it is stopped");
    CHECK_EQ(guest_info(&guest).fault, FAULT_SYSCALL, "and one sees why");
    guest_foreign(&guest, 0);
    REQUIRE_OK(thread_resume(guest.thread));
    settle();
    CHECK_EQ(guest.page->entries, 1, "now it comes");
    CHECK_EQ(guest.page->frame.rip, (uintptr_t)guest_call_after, "once");
    CHECK_EQ(guest.page->frame.rflags, FLAGS_PLAIN | 1, "with its flags");
    CHECK(guest.page->saved.ax == 39 && guest.page->saved.bx == 4 && guest.page->saved.dx == 5 &&
              guest.page->saved.si == 6 && guest.page->saved.di == 7 && guest.page->saved.r15 == 8,
          "and its registers");
}

/* The same of each entry of the kernel: those of call, reply_receive and abi_version are their own. */
TEST(calls_without_a_frame_stop_a_thread_without_a_handler)
{
    static const uint64_t numbers[] = { SYSCALL_CALL, SYSCALL_REPLY_RECEIVE, SYSCALL_ABI_VERSION,
                                        SYSCALL_SIGNAL, 231 };

    for (uint32_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct guest guest = guest_make(0, false);
        struct guest_registers registers = { .ax = numbers[i], .si = ~0ull, .dx = 77, .bp = 88 };
        uint64_t r[8] = { 0 };

        guest_foreign(&guest, 0);
        delete (guest.pinned);
        guest_set(&guest, &registers);
        guest_run(&guest, guest_call, 0x4321, FLAGS_PLAIN);
        settle();
        CHECK_EQ(guest_info(&guest).state, THREAD_STATE_INACTIVE, "it is stopped");
        CHECK_EQ(guest_info(&guest).fault, FAULT_SYSCALL, "at its system call");
        CHECK_EQ(guest_info(&guest).ip, (uintptr_t)guest_call, "before it");
        REQUIRE_OK(thread_read_registers(guest.thread, 3, 7, &r[0], &r[1], &r[2], &r[3], &r[4],
                                         &r[5], &r[6], &r[7]));
        CHECK(r[0] == numbers[i] && r[3] == 77 && r[4] == ~0ull && r[6] == 88,
              "with its registers");
        guest_end(&guest);
    }
}

TEST(a_fault_in_the_mask_without_a_frame_is_a_fault)
{
    struct guest guest = guest_make(0, false);

    guest_foreign(&guest, 0x1ffe);
    delete (guest.pinned);
    guest_run(&guest, guest_illegal, 0, FLAGS_PLAIN);
    settle();
    CHECK_EQ(guest_info(&guest).state, THREAD_STATE_INACTIVE, "it is stopped");
    CHECK_EQ(guest_info(&guest).fault, FAULT_ILLEGAL, "as ever");
}

/* The frame goes while its thread is in the shim: that does not notice. */
TEST(a_frame_may_go_while_it_is_in_use)
{
    struct guest guest = guest_make(0, false);

    guest_foreign(&guest, 0);
    guest_run(&guest, guest_call, 0, FLAGS_PLAIN);
    settle();
    CHECK_EQ(guest.page->entries, 1, "in the shim");
    delete (guest.pinned);
    guest_go(&guest);
    settle();
    CHECK_EQ(guest.page->entries, 1, "back in the program");
    CHECK_EQ(guest_info(&guest).fault, FAULT_SYSCALL, "whose next call has nowhere to go");
}

/* Another frame, another entry, another stack: each call of set_foreign replaces all. */
TEST(a_frame_can_be_replaced)
{
    struct guest guest = guest_make(0, false);
    struct guest other = guest_make(0, false);
    struct guest_page *page = other.page;

    guest_foreign(&guest, 0);
    other.thread = guest.thread;
    guest_foreign(&other, 0);
    page->go = guest.page->go;
    page->based[0] = guest.page->based[0];
    guest_run(&guest, guest_call, 5, FLAGS_PLAIN);
    settle();
    CHECK_EQ(guest.page->entries, 0, "not to the first");
    CHECK_EQ(page->entries, 1, "but to the second");
    CHECK_EQ(page->frame.rsp, 5, "frame");
}
