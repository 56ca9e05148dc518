/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "abi/boot_info.h"
#include "pith/archive.h"
#include "pith/debug.h"
#include "pith/elf.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/space.h"

/* Where every peer has its buffer, a foreign one its frame, and above them its stack. */
#define PEER_PLACE 0x10000000ull
#define PEER_BYTES (STACK_PAGES * PAGE_BYTES) /* where they share a space, one after the other */
#define FRAME_OFFSET 1024u

enum { STACK_PAGES = 4, TABLES_PER_SPACE = 16, REGISTER_RIP = 0, HAS_FPU = 1u << 8 };

static struct {
    struct elf_image image;
    cap_addr_t done; /* bit 0: a part of the benchmark is over */
    cap_addr_t never;
    cap_addr_t space; /* of all; 0: each has its own */
    uint32_t in_it;
} peers;

static void must(err_t err, const char *what)
{
    if (err) {
        debug_printf("%s: error %d\n", what, (int)err);
        program_panic("a benchmark could not be set up", __FILE__, __LINE__);
    }
}

static cap_addr_t make(enum object_type type, uint64_t size)
{
    cap_addr_t slot = 0;

    must(object_create(type, size, &slot), "object_create");
    return slot;
}

static cap_addr_t copy(cap_addr_t source)
{
    cap_addr_t slot = 0;

    must(cap_copy(source, UINT32_MAX, &slot), "cap_copy");
    return slot;
}

cap_addr_t endpoint_make(uint32_t rank)
{
    return make(OBJECT_ENDPOINT, rank);
}

cap_addr_t notification_make(void)
{
    return make(OBJECT_NOTIFICATION, PEER_RANK_LOW);
}

/* The slot comes from a copy that is deleted again: the library gives out no bare slots. */
cap_addr_t cap_with_badge(cap_addr_t source, uint64_t badge)
{
    cap_addr_t slot = copy(source);

    must(cap_table_delete(self()->table, slot), "cap_table_delete");
    must(cap_table_mint(self()->table, slot, self()->table, source, UINT32_MAX, badge),
         "cap_table_mint");
    return slot;
}

void peers_init(void)
{
    const struct boot_info *boot = self()->boot;
    const char *why = "";
    const void *file;
    size_t bytes;

    must(archive_find((const void *)BOOT_ARCHIVE_ADDR, boot->archive_bytes, "bench_kernel", &file,
                      &bytes),
         "the program in the boot archive");
    must(elf_read(file, bytes, boot->abi_hash, &peers.image, &why), why);
    peers.done = cap_with_badge(notification_make(), 1);
    peers.never = notification_make();
}

/* The root program's frame holds its image from the first segment on, byte for byte. */
static void segment_map(cap_addr_t space, cap_addr_t image, const struct elf_segment *segment)
{
    uint32_t first = (uint32_t)((segment->start - peers.image.segments[0].start) / PAGE_BYTES);
    uint32_t done;

    must(space_map(space, segment->start, image, first, (uint32_t)(segment->bytes / PAGE_BYTES),
                   segment->prot, &done),
         "the image");
}

static cap_addr_t space_make(void)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);
    cap_addr_t image = copy(ROOT_SLOT_IMAGE);
    uint32_t done;

    must(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, TABLES_PER_SPACE)), "vspace_add_tables");
    for (uint32_t i = 0; i < peers.image.segment_count; i++) {
        segment_map(space, image, &peers.image.segments[i]);
    }
    must(space_map(space, BOOT_CLOCK_ADDR, copy(ROOT_SLOT_CLOCK), 0, 1, PROT_READ, &done),
         "the clock page");
    return space;
}

void peers_share_space(void)
{
    peers.space = space_make();
}

static cap_addr_t context_make(const struct peer_spec *spec)
{
    cap_addr_t context = make(OBJECT_SCHED_CONTEXT, 0);
    uint64_t budget_ns = spec->budget_ns != 0 ? spec->budget_ns : PEER_SLICE_NS;

    must(sched_context_configure(context, ROOT_SLOT_MACHINE, spec->priority, budget_ns,
                                 PEER_SLICE_NS, 0),
         "sched_context_configure");
    return context;
}

/* Ready to be resumed. memory: where its buffer and its stack are. */
static cap_addr_t peer_make(const struct peer_spec *spec, cap_addr_t memory)
{
    cap_addr_t thread = make(OBJECT_THREAD, spec->rank | (spec->has_fpu ? HAS_FPU : 0u));
    cap_addr_t space = peers.space != 0 ? peers.space : space_make();
    user_addr_t place = PEER_PLACE + (peers.space != 0 ? peers.in_it++ : 0) * PEER_BYTES;
    user_addr_t stack =
        place + PEER_BYTES - 8; /* as if the entry had been called: off a multiple of 16 */
    uint32_t done;

    must(space_map(space, place, memory, 0, STACK_PAGES, PROT_READ | PROT_WRITE, &done), "a stack");
    must(thread_configure(thread, self()->table, space), "thread_configure");
    must(thread_set_buffer(thread, copy(memory), 0), "thread_set_buffer");
    must(thread_write_registers(thread, REGISTER_RIP, 2, (uintptr_t)spec->entry, stack, 0, 0, 0, 0),
         "thread_write_registers");
    if (spec->handler != 0) {
        must(thread_set_handler(thread, spec->handler), "thread_set_handler");
    }
    if (spec->priority != 0) {
        must(sched_context_bind(context_make(spec), thread), "sched_context_bind");
    }
    return thread;
}

static cap_addr_t memory_make(void)
{
    return make(OBJECT_FRAME, STACK_PAGES << 8 | PAGE_CLASS_4K);
}

cap_addr_t peer_start(const struct peer_spec *spec)
{
    cap_addr_t thread = peer_make(spec, memory_make());

    must(thread_resume(thread), "thread_resume");
    return thread;
}

void peer_start_foreign(const struct peer_spec *spec, user_addr_t start, uint64_t size,
                        user_addr_t entry)
{
    cap_addr_t memory = memory_make();
    cap_addr_t thread = peer_make(spec, memory);

    must(thread_set_foreign(thread, copy(memory), FRAME_OFFSET, start, size, entry,
                            PEER_PLACE + FRAME_OFFSET, 0),
         "thread_set_foreign");
    must(thread_resume(thread), "thread_resume");
}

struct msg_buffer *peer_buffer(void)
{
    return (struct msg_buffer *)((uintptr_t)__builtin_frame_address(0) & ~(PEER_BYTES - 1));
}

_Noreturn void peer_sleep(void)
{
    uint64_t bits;

    for (;;) {
        (void)!notification_wait(peers.never, 1, DEADLINE_NEVER, 0, &bits);
    }
}

_Noreturn void peer_finish(void)
{
    must(notification_signal(peers.done), "notification_signal");
    peer_sleep();
}

void peers_wait(void)
{
    uint64_t bits;

    must(notification_wait(peers.done, 1, DEADLINE_NEVER, 0, &bits), "notification_wait");
}
