/* SPDX-License-Identifier: MIT */
/* Faults of a foreign program: those in the mask come to its shim with nothing lost, the others to the handler. */
#include "boot_test/guest.h"
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"

#define FLAGS_PLAIN 0x202ull
#define READ_ONLY (PLACE + MIB(1))
#define UNMAPPED (PLACE + MIB(512))
#define DETAIL_ANY 99u
#define BADGE 0x55ull

static const struct fault_case {
    const char *name, *code, *ip;
    uint64_t di, cx;
    uint32_t kind;
    uint64_t address;
    uint32_t detail;
} cases[] = {
    { "#UD", guest_illegal, guest_illegal, 0, 0, FAULT_ILLEGAL, 0, DETAIL_ANY },
    { "#DE", guest_divide, guest_divide, 0, 0, FAULT_DIVIDE, 0, DETAIL_ANY },
    { "read", guest_load, guest_load, UNMAPPED + 3, 1, FAULT_NOT_PRESENT, UNMAPPED + 3, 0 },
    { "write", guest_store, guest_store, UNMAPPED, 1, FAULT_NOT_PRESENT, UNMAPPED, 1 },
    { "fetch", guest_jump, (const char *)UNMAPPED, UNMAPPED, 1, FAULT_NOT_PRESENT, UNMAPPED, 2 },
    { "write to read-only", guest_store, guest_store, READ_ONLY, 1, FAULT_PROTECTION, READ_ONLY,
      1 },
    { "fetch from data", guest_jump, (const char *)READ_ONLY, READ_ONLY, 1, FAULT_PROTECTION,
      READ_ONLY, 2 },
    { "kernel", guest_load, guest_load, 0xffffffff80200000, 1, FAULT_PROTECTION, 0xffffffff80200000,
      0 },
    { "#BP", guest_breakpoint, guest_breakpoint_after, 0, 1, FAULT_BREAKPOINT, 0, DETAIL_ANY },
    { "#GP", guest_general, guest_general, 0, 1, FAULT_GENERAL, 0, DETAIL_ANY },
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static struct guest_registers registers_of(const struct fault_case *fault)
{
    struct guest_registers registers = { 0 };
    uint64_t *words = (uint64_t *)&registers;

    for (uint32_t i = 0; i < sizeof(registers) / sizeof(*words); i++) {
        words[i] = test_random();
    }
    registers.di = fault->di;
    registers.cx = fault->cx;
    return registers;
}

static void map_read_only(void)
{
    map_at(make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K)), READ_ONLY, 1, PROT_READ);
}

/* The shim has the fault, with every register of the program's. */
static void fault_came(const struct guest *guest, const struct fault_case *fault,
                       const struct guest_registers *registers, uint64_t sp, uint64_t flags)
{
    const struct guest_page *page = guest->page;
    const uint64_t *got = (const uint64_t *)&page->saved;
    const uint64_t *wanted = (const uint64_t *)registers;
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < sizeof(*registers) / sizeof(*got); i++) {
        wrong += got[i] != wanted[i];
    }
    CHECK_EQ(wrong, 0, fault->name);
    CHECK_EQ(page->frame.kind, fault->kind, fault->name);
    CHECK_EQ(page->frame.rip, (uintptr_t)fault->ip, fault->name);
    CHECK_EQ(page->frame.rsp, sp, fault->name);
    CHECK_EQ(page->frame.rflags & ~0x10000ull, flags, fault->name);
    CHECK_EQ(page->frame.address, fault->address, fault->name);
    if (fault->detail != DETAIL_ANY) {
        CHECK_EQ(page->frame.detail, fault->detail, fault->name);
    }
    CHECK_EQ(page->shim_flags, FLAGS_PLAIN, fault->name);
    CHECK_EQ(page->base, page->based[0], fault->name);
}

static void all_are_reflected(void)
{
    map_read_only();
    struct guest guest = guest_make(0, true);

    guest_foreign(&guest, 0x1ffe);
    guest_run(&guest, guest_call, 0, FLAGS_PLAIN);
    settle();
    for (uint32_t n = 0; n < CASES; n++) {
        struct guest_registers registers = registers_of(&cases[n]);
        struct guest_page *page = guest.page;
        uint64_t sp = test_random();
        uint64_t flags = FLAGS_PLAIN | (test_random() & 0x4d5);

        page->saved = registers;
        page->frame.rip = (uintptr_t)cases[n].code;
        page->frame.rsp = sp;
        page->frame.rflags = flags;
        guest_go(&guest);
        settle();
        CHECK_EQ(page->entries, n + 2, cases[n].name);
        fault_came(&guest, &cases[n], &registers, sp, flags);
    }
}

TEST(all_kinds_are_reflected)
{
    all_are_reflected();
}

TEST(all_kinds_are_reflected_while_the_trace_is_on)
{
    uint64_t events;

    REQUIRE_OK(machine_trace(MACHINE, 1, &events));
    all_are_reflected();
    REQUIRE_OK(machine_trace(MACHINE, 0, &events));
}

/* An actor that gets to hear of the thread's faults. */
static struct worker *doctor_for(const struct guest *guest, cap_addr_t *endpoint)
{
    struct worker *doctor = worker_actor(3, 100);

    *endpoint = make(OBJECT_ENDPOINT, 5);
    worker_act(doctor, receive_from(*endpoint));
    REQUIRE_OK(thread_set_handler(guest->thread, mint_of(*endpoint, RIGHT_CALL, BADGE)));
    return doctor;
}

static void message_is(const struct worker *doctor, uint32_t kind, uint64_t address, uint64_t ip)
{
    CHECK(doctor->is_done, "the handler hears of it");
    CHECK_EQ(doctor->message.info, MSG_INFO(MSG_LABEL_FAULT, 5, 0), "as a fault");
    CHECK_EQ(doctor->message.time, BADGE, "badge");
    CHECK_EQ(doctor->message.words[0], kind, "kind");
    CHECK_EQ(doctor->message.words[1], address, "address");
    CHECK_EQ(doctor->message.words[2], ip, "ip");
}

/* For each kind: all bits but its own. */
TEST(kinds_that_are_not_in_the_mask_go_to_the_handler)
{
    map_read_only();
    for (uint32_t n = 0; n < CASES; n++) {
        struct guest guest = guest_make(0, false);
        cap_addr_t endpoint;
        struct worker *doctor = doctor_for(&guest, &endpoint);
        struct guest_registers registers = registers_of(&cases[n]);

        guest_foreign(&guest, 0x1ffe & ~(1u << cases[n].kind));
        guest_set(&guest, &registers);
        guest_run(&guest, cases[n].code, 0, FLAGS_PLAIN);
        settle();
        message_is(doctor, cases[n].kind, cases[n].address, (uintptr_t)cases[n].ip);
        CHECK_EQ(guest.page->entries, 0, "not to the shim");
        workers_recycle(1);
        guest_end(&guest);
    }
}

/* The program's page is brought in by the handler, the pager, and the program goes on as if nothing had been. */
TEST(a_pager_serves_a_foreign_thread)
{
    struct guest guest = guest_make(0, false);
    cap_addr_t endpoint;
    struct worker *doctor = doctor_for(&guest, &endpoint);

    guest_foreign(&guest, 1u << FAULT_ILLEGAL);
    guest_set(&guest, &(struct guest_registers){ .di = PLACE, .ax = 4711 });
    guest_run(&guest, guest_store, 0, FLAGS_PLAIN);
    settle();
    message_is(doctor, FAULT_NOT_PRESENT, PLACE, (uintptr_t)guest_store);
    map_at(make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K)), PLACE, 1, PROT_READ | PROT_WRITE);
    worker_act(doctor, reply_with(0, 0, 0));
    settle();
    CHECK_EQ(*(volatile uint64_t *)PLACE, 4711, "it wrote");
    CHECK_EQ(guest.page->entries, 1, "and made its next call");
}

/* The shim is in use: its own faults are no fault of the program's, whatever the mask says. */
TEST(faults_of_the_shim_go_to_the_handler)
{
    struct guest guest = guest_make(0, false);
    cap_addr_t endpoint;
    struct worker *doctor = doctor_for(&guest, &endpoint);
    struct foreign_frame frame;

    guest_foreign(&guest, 0x1ffe);
    guest_run(&guest, guest_call, 0x1234, FLAGS_PLAIN);
    settle();
    frame = guest.page->frame;
    REQUIRE_OK(thread_suspend(guest.thread));
    guest_start(&guest, guest_at(&guest, guest_low_after), 0x5678, FLAGS_PLAIN);
    settle();
    message_is(doctor, FAULT_ILLEGAL, 0, guest_at(&guest, guest_low_after));
    CHECK_EQ(guest.page->entries, 1, "not to the shim");
    CHECK(guest.page->frame.rip == frame.rip && guest.page->frame.rsp == frame.rsp &&
              guest.page->frame.kind == frame.kind,
          "the frame is as it was");
}
