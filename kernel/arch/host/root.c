/* SPDX-License-Identifier: MIT */
/* The first thread of the simulated machine and what it holds: see arch_host/root.h. */
#include "arch_host/root.h"

#include <string.h>

#include "abi/boot_info.h"
#include "machine.h"
#include "mm/vspace.h"
#include "object/thread_life.h"
#include "sched/sched.h"

enum {
    PAGE_BYTES = 4096,
    PIECE_ALIGN = 1 << 21,
    TABLES = 8,
    BUDGET_NS = 1000000,
    GARBAGE = 0xa5,
};

struct cap host_origin;

static struct machine machine;

struct maker {
    phys_t next; /* free memory */
    struct host_root root;
};

static void *take(struct maker *maker, uint64_t bytes)
{
    void *start = arch_phys_to_ptr(maker->next);

    bytes = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    arch_memory_clear(start, bytes);
    maker->next += bytes;
    return start;
}

static struct cap *slot(const struct maker *maker, uint32_t number)
{
    return cap_slot(maker->root.table, number);
}

static void give_run(const struct maker *maker, uint32_t number, enum object_type type, phys_t base,
                     uint64_t size_bytes)
{
    struct cap *cap = slot(maker, number);
    uint32_t rights = RIGHT_MANAGE;

    if (type == OBJECT_FRAME) {
        rights |= RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC;
    }
    cap_create(&host_origin, cap, type, NULL,
               &(struct memory_run){ .base = base, .size_bytes = size_bytes }, rights);
}

static void give_untyped(struct maker *maker, uint32_t pieces)
{
    phys_t end = HOST_RAM_BASE + host_ram_bytes();
    uint64_t each = (end - maker->next) / pieces / PAGE_BYTES * PAGE_BYTES;
    uint32_t number = ROOT_SLOT_UNTYPED;

    memset(arch_phys_to_ptr(maker->next), GARBAGE, end - maker->next);
    for (uint32_t i = 0; i < pieces; i++) {
        give_run(maker, number++, OBJECT_UNTYPED, maker->next, each);
        maker->next += each;
    }
    give_run(maker, number, OBJECT_UNTYPED, HOST_DEVICE_BASE, HOST_DEVICE_BYTES);
    slot(maker, number)->run.is_device = true;
    maker->root.slot_untyped = ROOT_SLOT_UNTYPED;
    maker->root.untyped_count = pieces + 1;
}

static void give_objects(struct maker *maker, const struct host_root_options *options)
{
    struct vspace *space = take(maker, VSPACE_BYTES);
    struct thread *thread = take(maker, sizeof(struct thread));
    struct sched_context *context = take(maker, sizeof(struct sched_context));

    vspace_init(space);
    thread_init(thread, host_core(0), options->rank != 0 ? options->rank : 15, true);
    context_init(context);
    maker->root.thread = thread;
    cap_create(&host_origin, slot(maker, ROOT_SLOT_TABLE), OBJECT_CAP_TABLE, maker->root.table,
               NULL, RIGHT_MANAGE);
    cap_create(&host_origin, slot(maker, ROOT_SLOT_VSPACE), OBJECT_VSPACE, space, NULL,
               RIGHT_MANAGE);
    cap_create(&host_origin, slot(maker, ROOT_SLOT_THREAD), OBJECT_THREAD, thread, NULL,
               RIGHT_MANAGE | RIGHT_LEND);
    cap_create(&host_origin, slot(maker, ROOT_SLOT_CONTEXT), OBJECT_SCHED_CONTEXT, context, NULL,
               RIGHT_MANAGE);
    cap_create(&host_origin, slot(maker, ROOT_SLOT_MACHINE), OBJECT_MACHINE, NULL, NULL,
               RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE);
    slot(maker, ROOT_SLOT_MACHINE)->badge = 255;
}

static void start(struct maker *maker, struct core *core, uint8_t priority)
{
    struct thread *thread = maker->root.thread;
    struct sched_context *context = slot(maker, ROOT_SLOT_CONTEXT)->object;
    err_t err;

    err =
        thread_configure(core, thread, slot(maker, ROOT_SLOT_TABLE), slot(maker, ROOT_SLOT_VSPACE));
    err = err ? err : thread_buffer_set(thread, slot(maker, ROOT_SLOT_BUFFER), 0);
    context_configure(core, context, priority, BUDGET_NS, BUDGET_NS);
    err = err ? err : context_bind(core, context, slot(maker, ROOT_SLOT_THREAD));
    err = err ? err
              : vspace_attach(slot(maker, ROOT_SLOT_VSPACE)->object, slot(maker, ROOT_SLOT_TABLES));
    if (err) {
        host_fail("the root thread cannot be made");
    }
    thread_make_ready(core, thread);
    core_dispatch(core);
}

struct host_root host_root_create(const struct host_root_options *options)
{
    struct maker maker = { .next = HOST_RAM_BASE };
    struct core *core = host_core(0);
    uint32_t slots = 1u << (options->table_log2 != 0 ? options->table_log2 : 8);
    uint32_t pieces = options->untyped_count != 0 ? options->untyped_count : 1;

    memset(&machine, 0, sizeof(machine));
    memset(&host_origin, 0, sizeof(host_origin));
    host_origin.type = OBJECT_MACHINE;
    machine.core_count = host_core_count();
    machine.ram_bytes = host_ram_bytes();
    for (uint32_t i = 0; i < host_core_count(); i++) {
        core_init(host_core(i), &machine, i);
    }
    maker.root.table = take(&maker, CAP_TABLE_BYTES(slots));
    maker.root.table->slot_count = slots;
    machine.root_table = maker.root.table;
    give_objects(&maker, options);
    give_run(&maker, ROOT_SLOT_BUFFER, OBJECT_FRAME, maker.next, PAGE_BYTES);
    (void)take(&maker, PAGE_BYTES);
    give_run(&maker, ROOT_SLOT_TABLES, OBJECT_PAGE_TABLE, maker.next, TABLES * PAGE_BYTES);
    (void)take(&maker, TABLES * PAGE_BYTES);
    maker.next = (maker.next + PIECE_ALIGN - 1) / PIECE_ALIGN * PIECE_ALIGN;
    give_untyped(&maker, pieces);
    machine.kernel_bytes = 0;
    start(&maker, core, options->priority);
    return maker.root;
}
