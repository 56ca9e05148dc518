/* SPDX-License-Identifier: MIT */
/*
 * Untyped memory and retype: where all objects come from. Objects are placed in address order; the used
 * mark falls back to 0 when the last child is gone. Memory is zeroed before anything is created from it,
 * with preemption points; what is known to be zero is remembered in zeroed_bytes.
 */
#include <stddef.h>

#include "ipc/ipc.h"
#include "kernel_gen/methods.h"
#include "mm/vspace.h"
#include "object/device_objects.h"
#include "object/io_space.h"
#include "object/thread_life.h"
#include "sched/sched.h"

#define PAGE_BYTES 4096u
#define OBJECT_ALIGN 128u
#define TABLE_LOG2_MIN 4u
#define TABLE_LOG2_MAX 16u
#define RANK_MAX 15u
#define ZERO_STEP_BYTES 4096u

/* What one object of a type needs; false if size is not possible. */
struct layout {
    uint64_t bytes;
    uint64_t align;
};

static uint64_t round_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static bool layout_frame(uint64_t size, struct layout *layout)
{
    uint64_t class = size & 0xffu;
    uint64_t pages = size >> 8;

    if (class > PAGE_CLASS_1G || pages == 0 || pages > UINT32_MAX) {
        return false;
    }
    layout->align = pte_span((uint32_t) class);
    layout->bytes = pages * layout->align;
    return true;
}

static bool layout_runs(enum object_type type, uint64_t size, struct layout *layout)
{
    layout->align = PAGE_BYTES;
    layout->bytes = type == OBJECT_PAGE_TABLE ? size * PAGE_BYTES : size;
    return size != 0 && size < 1ull << 46 && (type == OBJECT_PAGE_TABLE || size % PAGE_BYTES == 0);
}

static bool layout_fixed(uint64_t bytes, uint64_t limit, uint64_t size, struct layout *layout)
{
    layout->align = bytes >= PAGE_BYTES ? PAGE_BYTES : OBJECT_ALIGN;
    layout->bytes = round_up(bytes, layout->align);
    return size <= limit;
}

static bool layout_find(enum object_type type, uint64_t size, struct layout *layout)
{
    switch (type) {
    case OBJECT_UNTYPED:
    case OBJECT_PAGE_TABLE:
        return layout_runs(type, size, layout);
    case OBJECT_FRAME:
        return layout_frame(size, layout);
    case OBJECT_VSPACE:
        return layout_fixed(VSPACE_BYTES, 0, size, layout);
    case OBJECT_CAP_TABLE:
        if (size < TABLE_LOG2_MIN || size > TABLE_LOG2_MAX) {
            return false;
        }
        return layout_fixed(CAP_TABLE_BYTES(1u << size), TABLE_LOG2_MAX, size, layout);
    case OBJECT_THREAD:
        return layout_fixed(PAGE_BYTES, 0x1ff, size, layout) && (size & 0xffu) <= RANK_MAX;
    case OBJECT_SCHED_CONTEXT:
        return layout_fixed(sizeof(struct sched_context), 0, size, layout);
    case OBJECT_ENDPOINT:
        return layout_fixed(sizeof(struct endpoint), RANK_MAX, size, layout);
    case OBJECT_REPLY:
        return layout_fixed(sizeof(struct reply), 0, size, layout);
    case OBJECT_NOTIFICATION:
        return layout_fixed(sizeof(struct notification), RANK_MAX, size, layout);
    case OBJECT_TIMER:
        return layout_fixed(sizeof(struct timer), 0, size, layout);
    case OBJECT_IRQ:
        return layout_fixed(sizeof(struct irq), 0, size, layout);
    case OBJECT_IO_PORT:
        return layout_fixed(sizeof(struct io_port), 0, size, layout);
    case OBJECT_IO_SPACE:
        return layout_fixed(IO_SPACE_BYTES, 0, size, layout);
    default:
        return false;
    }
}

/* Memory becomes an object; it is zero. Returns the object, or NULL for memory. */
static void *object_init(struct core *core, enum object_type type, uint64_t size, phys_t at)
{
    void *object = arch_phys_to_ptr(at);

    switch (type) {
    case OBJECT_VSPACE:
        vspace_init(object);
        break;
    case OBJECT_CAP_TABLE:
        ((struct cap_table *)object)->slot_count = 1u << size;
        break;
    case OBJECT_THREAD:
        thread_init(object, core, size & 0xffu, size >> 8 != 0);
        break;
    case OBJECT_SCHED_CONTEXT:
        context_init(object);
        break;
    case OBJECT_ENDPOINT:
        endpoint_init(object, core, (uint32_t)size);
        break;
    case OBJECT_NOTIFICATION:
        notification_init(object, core, (uint32_t)size);
        break;
    case OBJECT_TIMER:
        ((struct timer *)object)->timed.kind = TIMED_TIMER;
        ((struct timer *)object)->home = core;
        break;
    case OBJECT_IRQ:
        ((struct irq *)object)->home = core;
        ((struct irq *)object)->band = TIMER_BANDS - 1;
        break;
    case OBJECT_IO_SPACE:
        io_space_init(core, object);
        break;
    case OBJECT_REPLY:
    case OBJECT_IO_PORT:
        break;
    default:
        return NULL;
    }
    return object;
}

static uint32_t rights_of(enum object_type type)
{
    static const uint32_t beside_manage[] = {
        [OBJECT_FRAME] = RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC,
        [OBJECT_THREAD] = RIGHT_LEND,
        [OBJECT_ENDPOINT] = RIGHT_CALL | RIGHT_RECEIVE | RIGHT_GRANT,
        [OBJECT_NOTIFICATION] = RIGHT_SIGNAL | RIGHT_WAIT,
        [OBJECT_IO_PORT] = RIGHT_READ | RIGHT_WRITE,
        [OBJECT_IO_SPACE] = RIGHT_WRITE, /* the last of all types */
    };

    return beside_manage[type] | RIGHT_MANAGE;
}

static void object_create(struct invocation *inv, const struct untyped_retype_args *args, phys_t at,
                          uint64_t bytes, struct cap *slot)
{
    bool is_device = inv->target->run.is_device;
    void *object = object_init(inv->core, args->type, args->size, at);
    struct memory_run run = {
        .base = at,
        .size_bytes = bytes,
        .is_device = is_device,
        .page_class = args->type == OBJECT_FRAME ? args->size & 0xffu : 0,
        .cache = is_device && args->type == OBJECT_FRAME ? CACHE_UNCACHED : CACHE_WRITE_BACK,
    };

    cap_create(inv->target, slot, args->type, object, object == NULL ? &run : NULL,
               rights_of(args->type));
}

/*
 * Makes the run zero from its used mark to end, gaps for alignment too: whoever comes next may use them.
 * Remembers how far it got. Returns ERR_OK or KERNEL_RESTART.
 */
static err_t zero(struct core *core, struct memory_run *run, uint64_t end)
{
    assert(run->zeroed_bytes >= run->used_bytes);
    while (run->zeroed_bytes < end) {
        uint64_t step = end - run->zeroed_bytes;

        step = step < ZERO_STEP_BYTES ? step : ZERO_STEP_BYTES;
        arch_memory_clear(arch_phys_to_ptr(run->base + run->zeroed_bytes), step);
        run->zeroed_bytes += step;
        if (run->zeroed_bytes < end && arch_interrupt_pending(core)) {
            return KERNEL_RESTART;
        }
    }
    return ERR_OK;
}

static err_t slots_check(const struct untyped_retype_args *args)
{
    struct cap_table *table = args->table->object;

    if (args->first == 0 || args->first >= table->slot_count ||
        args->count > table->slot_count - args->first) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < args->count; i++) {
        if (cap_slot(table, args->first + i)->type != OBJECT_NONE) {
            return ERR_SLOT_TAKEN;
        }
    }
    return ERR_OK;
}

err_t untyped_on_retype(struct invocation *inv, const struct untyped_retype_args *args)
{
    struct memory_run *run = &inv->target->run;
    struct layout layout;
    err_t err;

    if (!layout_find(args->type, args->size, &layout) ||
        (run->is_device && args->type != OBJECT_FRAME && args->type != OBJECT_UNTYPED)) {
        return ERR_RANGE;
    }
    err = slots_check(args);
    if (err) {
        return err;
    }
    if (inv->target->first_child == NULL && run->used_bytes != 0) {
        run->used_bytes = 0;
        run->zeroed_bytes = 0;
    }
    uint64_t start = round_up(run->base + run->used_bytes, layout.align) - run->base;
    uint64_t stride = round_up(layout.bytes, layout.align);

    if (start > run->size_bytes || (run->size_bytes - start) / stride < args->count) {
        return ERR_NO_MEMORY;
    }
    err = cap_may_derive(inv->target);
    if (err) {
        return err;
    }
    uint64_t end = start + stride * args->count;

    /* What lies inside an untyped object stays as it is: it is zeroed when it becomes something. */
    if (!run->is_device && args->type != OBJECT_UNTYPED) {
        err = zero(inv->core, run, end);
        if (err) {
            return err;
        }
    }

    /* Commit. */
    for (uint32_t i = 0; i < args->count; i++) {
        object_create(inv, args, run->base + start + i * stride, layout.bytes,
                      cap_slot(args->table->object, args->first + i));
    }
    run->used_bytes = end;
    if (run->zeroed_bytes < end) {
        run->zeroed_bytes = end;
    }
    return ERR_OK;
}

err_t untyped_on_info(struct invocation *inv, struct untyped_info_results *results)
{
    const struct memory_run *run = &inv->target->run;

    results->base = run->base;
    results->size = run->size_bytes;
    results->used = inv->target->first_child != NULL ? run->used_bytes : 0;
    results->device = run->is_device;
    return ERR_OK;
}
