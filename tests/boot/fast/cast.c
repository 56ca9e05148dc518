/* SPDX-License-Identifier: MIT */
#include "cast.h"

#include <stddef.h>

#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"

#define CODE (PLACE + MIB(100))
#define SCRATCH (PLACE + MIB(101))
#define PAGES_AT (PLACE + MIB(102)) /* for each actor one; then the buffers' */
#define BUFFERS_AT (PAGES_AT + ACTORS * PAGE_BYTES)
#define SLICE_NS MS(10)
#define SLICE_LONG_NS MS(60000)

enum { REGISTER_RIP = 0, REGISTER_RSP = 1, REGISTER_RDI = 8, REGISTER_FS_BASE = 18 };

_Static_assert(offsetof(struct actor_page, self) == ACTOR_SELF &&
                   offsetof(struct actor_page, uses_fs) == ACTOR_USES_FS &&
                   offsetof(struct actor_page, steps) == ACTOR_STEPS &&
                   sizeof(struct step) == STEP_BYTES && offsetof(struct step, r15) == STEP_R15 &&
                   offsetof(struct step, base) == STEP_BASE &&
                   offsetof(struct step, xmm0) == STEP_XMM0 &&
                   offsetof(struct step, xmm15) == STEP_XMM15,
               "actor.h");
_Static_assert(sizeof(struct actor_page) + 512 <= PAGE_BYTES, "room for a stack");

static const uint32_t ranks[ACTORS] = { [CALLER] = 12, [SERVER] = 3, [THIRD] = PLAIN_RANK };

static void map_in(cap_addr_t space, cap_addr_t frame, user_addr_t at, uint32_t pages,
                   uint32_t prot)
{
    uint32_t done = 0;

    REQUIRE_OK(vspace_map(space, frame, 0, pages, at, prot, &done));
    REQUIRE(done == pages, "all is mapped");
}

/* The code, where every space has it. */
static cap_addr_t code_make(void)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));

    map_at(frame, SCRATCH, 1, PROT_READ | PROT_WRITE);
    for (uintptr_t i = 0; i < (uintptr_t)actor_code_end - (uintptr_t)actor_code; i++) {
        ((char *)SCRATCH)[i] = actor_code[i];
    }
    REQUIRE_OK(frame_detach(frame));
    map_in(VSPACE, frame, CODE, 1, PROT_READ | PROT_EXEC);
    return frame;
}

static cap_addr_t space_make(cap_addr_t code, cap_addr_t pages)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);

    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 8)));
    map_in(space, copy_of(code, RIGHTS_ALL), CODE, 1, PROT_READ | PROT_EXEC);
    map_in(space, copy_of(pages, RIGHTS_ALL), PAGES_AT, ACTORS, PROT_READ | PROT_WRITE);
    return space;
}

static void objects_make(struct cast *cast)
{
    cast->endpoint = make(OBJECT_ENDPOINT, 5);
    cast->badged = mint_of(cast->endpoint, RIGHT_CALL | RIGHT_GRANT, 0xfedcba9876543210ull);
    cast->uncallable = mint_of(cast->endpoint, RIGHT_RECEIVE, 1);
    cast->unreceivable = mint_of(cast->endpoint, RIGHT_CALL, 2);
    cast->ungranting = mint_of(cast->endpoint, RIGHT_CALL | RIGHT_RECEIVE, 3);
    cast->high = make(OBJECT_ENDPOINT, 12);
    cast->high_badged = mint_of(cast->high, RIGHT_CALL, 0x99);
    cast->middle = make(OBJECT_ENDPOINT, 9);
    cast->middle_badged = mint_of(cast->middle, RIGHT_CALL, 0x77);
    cast->bell = make(OBJECT_NOTIFICATION, 0);
    cast->bell_ring = slots_next(8);
    for (uint32_t bit = 0; bit < 8; bit++) {
        REQUIRE_OK(cap_table_mint(TABLE, cast->bell_ring + bit, TABLE, cast->bell, RIGHTS_ALL,
                                  1ull << bit));
    }
    cast->lock = make(OBJECT_NOTIFICATION, 4);
}

bool time_is_exact(void)
{
    uint32_t cores = 0, lines;
    uint64_t ram, kernel, now;

    REQUIRE_OK(machine_info(MACHINE, &cores, &ram, &kernel, &now, &lines));
    return cores == 1;
}

void cast_make(struct cast *cast, const struct cast_kind *kind)
{
    cap_addr_t pages = make(OBJECT_FRAME, FRAME_SIZE(ACTORS, PAGE_CLASS_4K));
    cap_addr_t buffers = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t code = code_make();

    *cast = (struct cast){ .kind = *kind, .buffers = buffers };
    map_in(VSPACE, pages, PAGES_AT, ACTORS, PROT_READ | PROT_WRITE);
    map_in(VSPACE, buffers, BUFFERS_AT, 1, PROT_READ | PROT_WRITE);
    objects_make(cast);
    for (uint32_t who = 0; who < ACTORS; who++) {
        struct actor *actor = &cast->actors[who];
        cap_addr_t space = kind->apart && who == SERVER ? space_make(code, pages) : VSPACE;

        actor->thread = make(OBJECT_THREAD, kind->fpu[who] ? THREAD_SIZE_FPU(ranks[who])
                                                           : THREAD_SIZE(ranks[who]));
        actor->context = make(OBJECT_SCHED_CONTEXT, 0);
        actor->page = (struct actor_page *)(PAGES_AT + who * PAGE_BYTES);
        actor->buffer = (uint64_t *)(BUFFERS_AT + who * MSG_BUFFER_BYTES);
        REQUIRE_OK(thread_configure(actor->thread, TABLE, space));
    }
}

void actor_reset(const struct cast *cast, enum who who)
{
    const struct actor *actor = &cast->actors[who];
    struct actor_page *page = actor->page;
    uint64_t stack = (uintptr_t)page + PAGE_BYTES;

    REQUIRE_OK(thread_suspend(actor->thread));
    page->next = 0;
    page->self = (uintptr_t)page;
    page->uses_fpu = cast->kind.fpu[who];
    page->uses_fs = cast->kind.base[who];
    REQUIRE_OK(thread_write_registers(actor->thread, REGISTER_RIP, 4, CODE, stack, 0, 0, 0, 0));
    REQUIRE_OK(
        thread_write_registers(actor->thread, REGISTER_RDI, 1, (uintptr_t)page, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_write_registers(actor->thread, REGISTER_FS_BASE, 1,
                                      cast->kind.base[who] ? (uintptr_t)page : 0, 0, 0, 0, 0, 0));
}

void cast_buffer(const struct cast *cast, enum who who, bool has_one)
{
    REQUIRE_OK(thread_set_buffer(cast->actors[who].thread, has_one ? cast->buffers : 0,
                                 has_one ? who * MSG_BUFFER_BYTES : 0));
}

void actor_time(const struct actor *actor, uint32_t priority)
{
    ns_t slice = time_is_exact() ? SLICE_NS : SLICE_LONG_NS;

    REQUIRE_OK(sched_context_configure(actor->context, MACHINE, priority, slice, slice, 0));
    REQUIRE_OK(sched_context_bind(actor->context, actor->thread));
}

void actor_untime(const struct actor *actor)
{
    err_t err = sched_context_unbind(actor->context);

    REQUIRE(err == ERR_OK || err == ERR_GONE, "the context is free");
}
