/* SPDX-License-Identifier: MIT */
#include "boot_test/guest.h"

#include <stddef.h>

#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define PAGES_AT (PLACE + MIB(700))
#define PLACES 512u
#define SHIM_BYTES ((uintptr_t)guest_shim_end - (uintptr_t)guest_shim)
#define PRIORITY 60u
#define TIME MS(10000)

enum { RIP = 0, FS_BASE = 18, REGISTERS = 20 };

_Static_assert(offsetof(struct guest_page, iret) == GUEST_IRET &&
                   offsetof(struct guest_page, shim_flags) == GUEST_SAVED &&
                   offsetof(struct guest_page, saved.ax) == GUEST_AX &&
                   offsetof(struct guest_page, frame) == GUEST_FRAME &&
                   offsetof(struct guest_page, kept) == GUEST_KEPT &&
                   offsetof(struct guest_page, unused_too) == GUEST_KEPT + GUEST_KEPT_BYTES &&
                   offsetof(struct guest_page, based) == GUEST_BASE && GUEST_WAIT == SYSCALL_WAIT &&
                   sizeof(struct guest_page) == PAGE_BYTES,
               "guest.h");

static uint64_t segment_of_code(void)
{
    uint64_t segment;

    __asm__("movq %%cs, %0" : "=r"(segment));
    return segment;
}

static uint64_t segment_of_data(void)
{
    uint64_t segment;

    __asm__("movq %%ss, %0" : "=r"(segment));
    return segment;
}

/* With SMAP, QEMU before 9.1 refuses iretq to programs: it reads their stack as the kernel would. */
static bool may_iret(void)
{
    uint32_t a = 7, b, c = 0, d;

    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (b >> 20 & 1) == 0;
}

user_addr_t guest_at(const struct guest *guest, const char *part)
{
    return (uintptr_t)guest->page + GUEST_SHIM_AT + ((uintptr_t)part - (uintptr_t)guest_shim);
}

/* A page to write, and behind it the shim. */
static struct guest_page *pages_map(cap_addr_t frame)
{
    static uint32_t count; /* what was mapped at the same place before is gone with its test */
    user_addr_t at = PAGES_AT + count++ % PLACES * 2 * PAGE_BYTES;
    uint32_t done = 0;

    map_at(frame, at, 2, PROT_READ | PROT_WRITE);
    for (uint64_t i = 0; i < SHIM_BYTES; i++) {
        ((char *)at)[GUEST_SHIM_AT + i] = guest_shim[i];
    }
    REQUIRE_OK(vspace_protect(VSPACE, at + GUEST_SHIM_AT, 1, PROT_READ | PROT_EXEC, &done));
    return (struct guest_page *)at;
}

struct guest guest_make(uint32_t core, bool has_fpu)
{
    uint64_t size = has_fpu ? THREAD_SIZE_FPU(8) : THREAD_SIZE(8);
    struct guest guest = { .thread = make(OBJECT_THREAD, size),
                           .context = make(OBJECT_SCHED_CONTEXT, 0),
                           .frame = make(OBJECT_FRAME, FRAME_SIZE(2, PAGE_CLASS_4K)) };
    uint64_t at;

    guest.page = pages_map(guest.frame);
    at = (uintptr_t)guest.page;
    guest.page->go = make(OBJECT_NOTIFICATION, 0);
    guest.bell = mint_of((cap_addr_t)guest.page->go, RIGHT_SIGNAL, 1);
    guest.page->iret = may_iret();
    guest.page->frame.cs = segment_of_code();
    guest.page->frame.ss = segment_of_data();
    guest.page->handler = (uintptr_t)guest_handler;
    guest.page->based[0] = at ^ 0x123456789abcdefull;
    REQUIRE_OK(thread_configure(guest.thread, TABLE, VSPACE));
    REQUIRE_OK(sched_context_configure(guest.context, MACHINE, PRIORITY, TIME, TIME, core));
    REQUIRE_OK(sched_context_bind(guest.context, guest.thread));
    REQUIRE_OK(thread_write_registers(guest.thread, FS_BASE, 2, has_fpu ? at : 0, at + GUEST_BASE,
                                      0, 0, 0, 0));
    return guest;
}

void guest_end(struct guest *guest)
{
    delete (guest->thread);
    delete (guest->frame);
}

void guest_foreign(struct guest *guest, uint32_t faults)
{
    if (guest->pinned != 0) {
        delete (guest->pinned);
    }
    guest->pinned = copy_of(guest->frame, RIGHTS_ALL);
    REQUIRE_OK(thread_set_foreign(
        guest->thread, guest->pinned, GUEST_FRAME, guest_at(guest, guest_shim), SHIM_BYTES,
        guest_at(guest, guest_entry), (uintptr_t)&guest->page->frame, faults));
}

void guest_set(const struct guest *guest, const struct guest_registers *r)
{
    REQUIRE_OK(
        thread_write_registers(guest->thread, 3, 6, r->ax, r->bx, r->cx, r->dx, r->si, r->di));
    REQUIRE_OK(
        thread_write_registers(guest->thread, 9, 6, r->bp, r->r8, r->r9, r->r10, r->r11, r->r12));
    REQUIRE_OK(thread_write_registers(guest->thread, 15, 3, r->r13, r->r14, r->r15, 0, 0, 0));
}

void guest_start(const struct guest *guest, user_addr_t ip, uint64_t sp, uint64_t flags)
{
    REQUIRE_OK(thread_write_registers(guest->thread, RIP, 3, ip, sp, flags, 0, 0, 0));
    REQUIRE_OK(thread_resume(guest->thread));
}

void guest_run(const struct guest *guest, const char *code, uint64_t sp, uint64_t flags)
{
    guest_start(guest, (uintptr_t)code, sp, flags);
}

void guest_go(const struct guest *guest)
{
    REQUIRE_OK(notification_signal(guest->bell));
}

struct guest_info guest_info(const struct guest *guest)
{
    struct guest_info info = { 0 };
    uint32_t rank;
    uint64_t switches;

    REQUIRE_OK(thread_info(guest->thread, &info.state, &info.fault, &info.address, &info.ip, &rank,
                           &switches));
    return info;
}

static void read_all(const struct guest *guest, uint64_t r[24])
{
    for (uint32_t i = 0; i < REGISTERS; i += 4) {
        uint64_t none[4];

        REQUIRE_OK(thread_read_registers(guest->thread, i, 4, &r[i], &r[i + 1], &r[i + 2],
                                         &r[i + 3], &none[0], &none[1], &none[2], &none[3]));
    }
}

static bool lies_in(const struct guest *guest, uint64_t ip, const char *from, const char *to)
{
    return ip >= guest_at(guest, from) && ip < guest_at(guest, to);
}

/* What the program was about goes where the shim finds it when the handler is over. */
static void handler_begin(const struct guest *guest, const uint64_t r[24])
{
    struct guest_page *page = guest->page;

    page->kept = (struct guest_registers){ .ax = r[3],
                                           .bx = r[4],
                                           .cx = r[5],
                                           .dx = r[6],
                                           .si = r[7],
                                           .di = r[8],
                                           .bp = r[9],
                                           .r8 = r[10],
                                           .r9 = r[11],
                                           .r10 = r[12],
                                           .r11 = r[13],
                                           .r12 = r[14],
                                           .r13 = r[15],
                                           .r14 = r[16],
                                           .r15 = r[17] };
    page->kept_frame = page->frame;
    page->kept_frame.rip = r[0];
    page->kept_frame.rsp = r[1];
    page->kept_frame.rflags = r[2];
    page->busy = 1;
    REQUIRE_OK(thread_write_registers(guest->thread, RIP, 1, page->handler, 0, 0, 0, 0, 0));
}

/* The shim has all that it needs for it in its page. */
static void restart(const struct guest *guest, const char *at)
{
    REQUIRE_OK(thread_write_registers(guest->thread, RIP, 3, guest_at(guest, at),
                                      (uintptr_t)guest->page + GUEST_SAVED, 0, 0, 0, 0));
}

bool guest_signal(struct guest *guest)
{
    struct guest_page *page = guest->page;
    uint64_t r[24];
    bool is_new;

    REQUIRE_OK(thread_suspend(guest->thread));
    read_all(guest, r);
    is_new = page->flag == 0;
    if (!lies_in(guest, r[RIP], guest_shim, guest_shim_end) && !page->busy) {
        handler_begin(guest, r);
    } else {
        page->flag = 1;
    }
    if (lies_in(guest, r[RIP], guest_back, guest_back_end)) {
        restart(guest, guest_back);
    } else if (lies_in(guest, r[RIP], guest_look, guest_look_end)) {
        restart(guest, guest_look);
    }
    REQUIRE_OK(thread_resume(guest->thread));
    return is_new;
}
