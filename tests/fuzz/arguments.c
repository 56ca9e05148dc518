/* SPDX-License-Identifier: MIT */
/* Arguments of methods: see arguments.h. */
#include "arguments.h"

#include <stddef.h>
#include <string.h>

#include "arch_host/machine.h"
#include "core/core.h"
#include "object/device_objects.h"

static const uint8_t priorities[] = { 1, 10, 15, 16, 50, 100, 100, 100, 200, 255 };

bool is_op(const struct making *making, const char *name)
{
    return strcmp(making->op->name, name) == 0;
}

static struct cap_table *table_at(const struct making *making, uint64_t slot)
{
    struct cap_table *table = making->caller->table;

    if (slot != 0 && slot < table->slot_count &&
        cap_slot(table, (uint32_t)slot)->type == OBJECT_CAP_TABLE) {
        return cap_slot(table, (uint32_t)slot)->object;
    }
    return table;
}

static uint64_t retype_size(struct random *random, uint64_t type)
{
    switch (type) {
    case OBJECT_UNTYPED:
        return 4096ull << random_below(random, 7);
    case OBJECT_FRAME:
        return (1 + random_below(random, 6)) << 8 |
               (random_chance(random, 96) ? 0 : random_below(random, 3));
    case OBJECT_PAGE_TABLE:
        return 1 + random_below(random, 6);
    case OBJECT_CAP_TABLE:
        return 4 + random_below(random, 4);
    case OBJECT_THREAD:
        return random_below(random, 16) | random_below(random, 2) << 8;
    case OBJECT_ENDPOINT:
    case OBJECT_NOTIFICATION:
        return random_below(random, 15);
    default:
        return 0;
    }
}

static uint64_t retype_type(struct random *random)
{
    static const uint8_t types[] = {
        OBJECT_UNTYPED,       OBJECT_UNTYPED,      OBJECT_FRAME,        OBJECT_FRAME,
        OBJECT_FRAME,         OBJECT_PAGE_TABLE,   OBJECT_VSPACE,       OBJECT_CAP_TABLE,
        OBJECT_THREAD,        OBJECT_THREAD,       OBJECT_THREAD,       OBJECT_SCHED_CONTEXT,
        OBJECT_SCHED_CONTEXT, OBJECT_ENDPOINT,     OBJECT_ENDPOINT,     OBJECT_REPLY,
        OBJECT_REPLY,         OBJECT_NOTIFICATION, OBJECT_NOTIFICATION, OBJECT_TIMER,
        OBJECT_IRQ,           OBJECT_IO_PORT,      OBJECT_IO_SPACE,     OBJECT_IO_SPACE,
    };

    return types[random_below(random, sizeof(types))];
}

wish wish_for_target(const struct making *making)
{
    static const struct {
        const char *name;
        wish wanted;
    } wishes[] = {
        { "untyped.retype", has_room },
        { "thread.configure", needs_table },
        { "thread.resume", can_resume },
        { "thread.set_buffer", has_no_buffer },
        { "thread.set_foreign", is_native },
        { "thread.suspend", runs_elsewhere },
        { "sched_context.configure", is_unconfigured },
        { "sched_context.bind", is_unbound },
        { "sched_context.add", is_or_may_be_group },
        { "sched_context.remove", is_group },
        { "reply.defer", is_empty_reply },
        { "reply.adopt", holds_a_call },
        { "frame.set_cache", is_device },
        { "io_port.read", is_claimed_port },
        { "io_port.write", is_claimed_port },
        { "irq.claim_line", is_free_irq },
        { "irq.claim_msi", is_free_irq },
        { "irq.set_band", is_free_irq },
        { "irq.set_core", is_free_irq },
        { "irq.bind", is_claimed_irq },
        { "irq.ack", is_claimed_irq },
    };

    for (uint32_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        if (is_op(making, wishes[i].name)) {
            return wishes[i].wanted;
        }
    }
    return wish_any;
}

/* A slot with a capability for the caller's own table, or 0. */
uint32_t own_table(const struct thread *caller)
{
    for (uint32_t i = 1; i < caller->table->slot_count; i++) {
        const struct cap *cap = cap_slot(caller->table, i);

        if (cap->type == OBJECT_CAP_TABLE && cap->object == caller->table) {
            return i;
        }
    }
    return 0;
}

/* Some runs make copies of copies of copies, in one table. */
bool making_digs(const struct making *making)
{
    return making->habits->goes_deep && is_op(making, "cap_table.copy");
}

static uint64_t make_cap(const struct making *making, const struct fuzz_arg *arg)
{
    struct random *random = making->random;

    if (arg->optional && random_chance(random, 15)) {
        return 0;
    }
    if (is_op(making, "sched_context.bind")) {
        return pick(random, making->caller, arg->type, has_no_context);
    }
    if (is_op(making, "sched_context.add")) {
        return pick(random, making->caller, arg->type,
                    random_chance(random, 70) ? is_in_no_group : wish_any);
    }
    if (is_op(making, "sched_context.remove")) {
        return pick(random, making->caller, arg->type, is_in_group);
    }
    if (arg->type == OBJECT_CAP_TABLE &&
        ((is_op(making, "thread.configure") && random_chance(random, 60)) || making_digs(making))) {
        return own_table(making->caller);
    }
    if (is_op(making, "vspace.add_tables") || is_op(making, "io_space.add_tables") ||
        is_op(making, "thread.set_buffer") || is_op(making, "thread.set_foreign")) {
        return pick(random, making->caller, arg->type, is_detached);
    }
    if (is_op(making, "io_space.map")) {
        return pick(random, making->caller, arg->type,
                    random_chance(random, 70) ? is_detached : is_device);
    }
    return pick(random, making->caller, arg->type, wish_any);
}

static uint64_t make_slot(const struct making *making, const struct fuzz_arg *arg)
{
    const uint64_t *words = making->step->words;
    struct cap_table *target = table_at(making, making->step->op >> 32);

    if (is_op(making, "untyped.retype")) {
        return pick_empty(making->random, table_at(making, words[3]), (uint32_t)words[2]);
    }
    if (strcmp(arg->name, "dst") == 0) {
        return pick_empty(making->random, target, 1);
    }
    if (strcmp(arg->name, "src") == 0 && making->habits->goes_deep &&
        making->habits->deepest != 0 && random_chance(making->random, 95)) {
        return making->habits->deepest;
    }
    if (is_op(making, "cap_table.mint_pages") && random_chance(making->random, 80)) {
        return pick_of_type(making->random, table_at(making, words[1]), OBJECT_FRAME);
    }
    if (strcmp(arg->name, "src") == 0) {
        return is_op(making, "cap_table.move")
                   ? pick_victim(making->random, table_at(making, words[1]))
                   : pick_full(making->random, table_at(making, words[1]));
    }
    if (is_op(making, "cap_table.identify")) {
        return pick_full(making->random, target);
    }
    return pick_victim(making->random, target);
}

/* Arguments of map that fit the frame named by the first. */
static uint64_t make_map_scalar(const struct making *making, const struct fuzz_arg *arg)
{
    const uint64_t *words = making->step->words;
    struct cap_table *table = making->caller->table;
    const struct cap *frame;
    uint64_t pages;
    uint64_t span;

    if (words[0] == 0 || words[0] >= table->slot_count ||
        cap_slot(table, (uint32_t)words[0])->type != OBJECT_FRAME) {
        return arg->min;
    }
    frame = cap_slot(table, (uint32_t)words[0]);
    span = pte_span(frame->run.page_class);
    pages = frame->run.size_bytes / span;
    if (strcmp(arg->name, "first") == 0) {
        return random_below(making->random, (uint32_t)pages);
    }
    if (strcmp(arg->name, "count") == 0) {
        return words[1] < pages ? 1 + random_below(making->random, (uint32_t)(pages - words[1]))
                                : 1;
    }
    if (strcmp(arg->name, "at") == 0) {
        return pick_address(making->random) & ~(span - 1);
    }
    return random_chance(making->random, 80) ? frame->rights & random_below(making->random, 4)
                                             : random_below(making->random, 8);
}

/* Pages of the run that cap_table.mint_pages names by the words before; now and then one too many. */
static uint64_t make_pages_scalar(const struct making *making, const char *name)
{
    const uint64_t *words = making->step->words;
    struct cap_table *table = table_at(making, words[1]);
    uint64_t pages = 1;

    if (words[2] != 0 && words[2] < table->slot_count) {
        const struct cap *cap = cap_slot(table, (uint32_t)words[2]);

        pages = cap->type == OBJECT_FRAME ? cap->run.size_bytes / pte_span(cap->run.page_class) : 1;
    }
    if (strcmp(name, "first") == 0) {
        return random_below(making->random, (uint32_t)pages);
    }
    uint64_t left = words[4] < pages ? pages - words[4] : 1;

    return 1 + random_below(making->random, (uint32_t)left + random_chance(making->random, 10));
}

/* Of a message buffer, up to the first place behind the frame. */
static uint64_t make_offset(const struct making *making)
{
    uint64_t at = making->step->words[0];
    struct cap_table *table = making->caller->table;

    if (at == 0 || at >= table->slot_count || cap_slot(table, (uint32_t)at)->type != OBJECT_FRAME) {
        return 0;
    }
    uint64_t places = cap_slot(table, (uint32_t)at)->run.size_bytes / MSG_BUFFER_BYTES;

    return random_below(making->random, (uint32_t)places + 1) * (uint64_t)MSG_BUFFER_BYTES;
}

static uint64_t make_port(const struct making *making)
{
    uint64_t at = making->step->op >> 32;
    struct cap_table *table = making->caller->table;
    const struct io_port *port;

    if (at == 0 || at >= table->slot_count ||
        cap_slot(table, (uint32_t)at)->type != OBJECT_IO_PORT) {
        return 0;
    }
    port = cap_slot(table, (uint32_t)at)->object;
    return port->first + random_below(making->random, port->count + 2);
}

/* Arguments about time and priority; false: it is none. */
static bool make_time_scalar(const struct making *making, const char *name, uint64_t *value)
{
    struct random *random = making->random;
    uint64_t budget = making->step->words[2];

    if (strcmp(name, "priority") == 0) {
        *value = priorities[random_below(random, sizeof(priorities))];
    } else if (strcmp(name, "budget") == 0) {
        *value = 10000 + random_below(random, 40000);
    } else if (strcmp(name, "core") == 0) {
        *value = random_below(random, random_chance(random, 97) ? making->habits->cores : 3);
    } else if (is_op(making, "timer.set") && strcmp(name, "period") == 0) {
        *value = random_chance(random, 50) ? 0 : 10000 + random_below(random, 100000);
    } else if (strcmp(name, "period") == 0) {
        *value = random_chance(random, 30) ? budget : budget + random_below(random, 300000);
    } else if (is_op(making, "timer.set") && strcmp(name, "at") == 0) {
        *value = pick_deadline(random);
    } else {
        return false;
    }
    return true;
}

/* A place in a space of devices, mostly where pages are. */
static uint64_t make_io_place(const struct making *making)
{
    struct random *random = making->random;
    uint64_t at = making->step->op >> 32;
    struct cap_table *table = making->caller->table;
    const struct io_space *io;

    if (at != 0 && at < table->slot_count && random_chance(random, 80) &&
        cap_slot(table, (uint32_t)at)->type == OBJECT_IO_SPACE) {
        io = cap_slot(table, (uint32_t)at)->object;
        if (io->space.frames != NULL && io->space.frames->run.low < io->space.frames->run.high) {
            return io->space.frames->run.low;
        }
    }
    return pick_address(random);
}

/* Arguments about devices; false: it is none. */
static bool make_device_scalar(const struct making *making, const char *name, uint64_t *value)
{
    struct random *random = making->random;

    if (strcmp(name, "port") == 0) {
        *value = make_port(making);
    } else if (is_op(making, "io_port.claim")) {
        *value =
            strcmp(name, "first") == 0 ? random_below(random, 1100) : 1 + random_below(random, 9);
    } else if (strcmp(name, "source") == 0) {
        *value = pick_source(random);
    } else if (is_op(making, "io_space.unmap") && strcmp(name, "at") == 0) {
        *value = make_io_place(making);
    } else if (strcmp(name, "line") == 0) {
        *value = random_below(random, HOST_LINES + 1);
    } else {
        return false;
    }
    return true;
}

/* Of set_foreign, in the order of its arguments: ranges about the two places of `syscall`, and their edges; entries mostly in them. */
static uint64_t make_foreign(const struct making *making, const char *name)
{
    struct random *random = making->random;
    const uint64_t *words = making->step->words;

    if (strcmp(name, "start") == 0) {
        return random_chance(random, 80)   ? HOST_SHIM_IP - random_below(random, 3)
               : random_chance(random, 80) ? HOST_SYSCALL_IP - 2 + random_below(random, 5)
                                           : 0;
    }
    if (strcmp(name, "size") == 0) {
        return random_chance(random, 60)   ? 1 + random_below(random, 4096)
               : random_chance(random, 80) ? HOST_SHIM_IP + 1 + random_below(random, 3) - words[2]
               : random_chance(random, 80) ? ARCH_USER_END - words[2]
                                           : ~0ull - random_below(random, 4096);
    }
    if (strcmp(name, "entry") == 0) {
        return words[2] + random64(random) % ((words[3] & (ARCH_USER_END - 1)) + 1) +
               random_chance(random, 10);
    }
    return random64(random);
}

static uint64_t make_scalar(const struct making *making, const struct fuzz_arg *arg)
{
    struct random *random = making->random;
    const char *name = arg->name;
    uint64_t span = arg->max - arg->min;
    uint64_t value;

    if (is_op(making, "vspace.map") || is_op(making, "io_space.map")) {
        return make_map_scalar(making, arg);
    }
    if (is_op(making, "cap_table.mint_pages") && strcmp(name, "rights") != 0) {
        return make_pages_scalar(making, name);
    }
    if (make_time_scalar(making, name, &value) || make_device_scalar(making, name, &value)) {
        return value;
    }
    if (is_op(making, "untyped.retype") && strcmp(name, "type") == 0) {
        return retype_type(random);
    }
    if (is_op(making, "untyped.retype") && strcmp(name, "size") == 0) {
        return retype_size(random, making->step->words[0]);
    }
    if (strcmp(name, "rights") == 0) {
        return random_chance(random, 50)   ? ~0u
               : random_chance(random, 50) ? ~(1u << random_below(random, 10))
                                           : random_below(random, 1u << 10);
    }
    if (strcmp(name, "badge") == 0) {
        return random_chance(random, 80) ? 1ull << random_below(random, 8)
                                         : random_below(random, 256);
    }
    if (strcmp(name, "mask") == 0) {
        return random_chance(random, 60) ? ~0ull : 1ull << random_below(random, 8);
    }
    if (strcmp(name, "at") == 0 || strcmp(name, "from") == 0) {
        return arg->bits == 64 ? pick_address(random) : random_below(random, 20);
    }
    if (strcmp(name, "count") == 0 || strcmp(name, "first") == 0) {
        uint64_t few = arg->min + random_below(random, 4);

        return few <= arg->max ? few : arg->max;
    }
    if (strcmp(name, "offset") == 0) {
        return make_offset(making);
    }
    if (is_op(making, "thread.set_foreign") && strcmp(name, "faults") != 0) {
        return make_foreign(making, name);
    }
    if (is_op(making, "thread.write_registers")) {
        return random_chance(random, 40)   ? HOST_SYSCALL_IP
               : random_chance(random, 20) ? HOST_SHIM_IP
                                           : random64(random) >> 20;
    }
    return span == ~0ull ? random64(random) : arg->min + random64(random) % (span + 1);
}

uint64_t make_argument(const struct making *making, const struct fuzz_arg *arg)
{
    switch (arg->kind) {
    case FUZZ_CAP:
        return make_cap(making, arg);
    case FUZZ_SLOT:
        return make_slot(making, arg);
    default:
        return make_scalar(making, arg);
    }
}
