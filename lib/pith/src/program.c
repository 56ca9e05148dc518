/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: after program_destroy(), and after a program_create() that failed, memory, slots and
 * places are as before. Revoking the untyped capability does nearly all of that: only slots and our own
 * places are ours to count.
 */
#include "making.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"

enum { PAGES_INFO, PAGES_BUFFER, PAGES_WORDS }; /* then the stack */
enum { HAS_FPU = 0x100, REGISTER_RIP = 0, REGISTER_FS_BASE = 18 };
enum { TABLES_ABOVE = 4, TABLE_SHIFT = 9, PAGE_SHIFT = 12, TABLE_LEVELS = 3 };

err_t making_object(struct making *making, enum making_slot which, enum object_type type,
                    uint64_t size)
{
    making_step(making);
    return untyped_retype(making->program->untyped, type, size, 1, self()->table,
                          slot_of(making, which));
}

/* Map pages of a frame here for writing. */
static err_t window_open(struct making *making, cap_addr_t frame, uint32_t pages, user_addr_t *at)
{
    cap_addr_t window = slot_of(making, SLOT_WINDOW);
    err_t err;

    making_step(making);
    err = cap_table_copy(self()->table, window, self()->table, frame, RIGHT_READ | RIGHT_WRITE);
    if (err) {
        return err;
    }
    err = region_reserve(pages * PAGE_BYTES, at);
    if (err) {
        goto delete_window;
    }
    making_step(making);
    err = region_map(*at, window, 0, pages, PROT_READ | PROT_WRITE);
    if (err) {
        goto release_region;
    }
    return ERR_OK;

release_region:
    region_release(*at, pages * PAGE_BYTES);
delete_window:
    (void)!cap_table_delete(self()->table, window);
    return err;
}

static void window_close(struct making *making, uint32_t pages, user_addr_t at)
{
    making_step(making);
    (void)!cap_table_delete(self()->table, slot_of(making, SLOT_WINDOW));
    region_release(at, pages * PAGE_BYTES);
}

static err_t segment_make(struct making *making, uint32_t number)
{
    const struct elf_segment *segment = &making->image.segments[number];
    uint32_t pages = (uint32_t)(segment->bytes / PAGE_BYTES);
    user_addr_t window;
    uint32_t done;
    err_t err = making_object(making, (enum making_slot)(SLOT_SEGMENT + number), OBJECT_FRAME,
                              (uint64_t)pages << 8 | PAGE_CLASS_4K);

    if (err) {
        return err;
    }
    err = window_open(making, slot_of(making, (enum making_slot)(SLOT_SEGMENT + number)), pages,
                      &window);
    if (err) {
        return err;
    }
    memcpy((char *)window + segment->skip, segment->data, segment->data_bytes);
    window_close(making, pages, window);
    making_step(making);
    return space_map(slot_of(making, SLOT_SPACE), segment->start,
                     slot_of(making, (enum making_slot)(SLOT_SEGMENT + number)), 0, pages,
                     segment->prot, &done);
}

/* Of the image, at each level; and of what every program has near the end of its space. */
static uint64_t tables_needed(const struct elf_image *image)
{
    uint64_t tables = TABLES_ABOVE;

    for (uint32_t level = 1; level <= TABLE_LEVELS; level++) {
        uint32_t shift = PAGE_SHIFT + level * TABLE_SHIFT;

        tables += ((image->end - 1) >> shift) - (image->segments[0].start >> shift) + 1;
    }
    return tables;
}

static err_t objects_make(struct making *making)
{
    const struct program_spec *spec = making->spec;
    uint64_t tables = tables_needed(&making->image);
    uint32_t log2 = spec->table_log2 != 0 ? spec->table_log2 : PROGRAM_TABLE_LOG2;
    err_t err = ERR_OK;

    making->table_slots = 1u << log2;
    making->table = spec->table != 0 ? spec->table : slot_of(making, SLOT_TABLE);
    if (spec->table == 0) {
        err = making_object(making, SLOT_TABLE, OBJECT_CAP_TABLE, log2);
    }
    if (err == ERR_OK) {
        err = making_object(making, SLOT_SPACE, OBJECT_VSPACE, 0);
    }
    if (err == ERR_OK) {
        err = making_object(making, SLOT_TABLES, OBJECT_PAGE_TABLE, tables);
    }
    if (err == ERR_OK) {
        making_step(making);
        err = vspace_add_tables(slot_of(making, SLOT_SPACE), slot_of(making, SLOT_TABLES));
    }
    if (err == ERR_OK) {
        err = making_object(making, SLOT_THREAD, OBJECT_THREAD,
                            spec->rank | (spec->has_fpu ? (uint64_t)HAS_FPU : 0));
    }
    for (uint32_t i = 0; err == ERR_OK && i < making->image.segment_count; i++) {
        err = segment_make(making, i);
    }
    return err;
}

err_t making_context(struct making *making, enum making_slot which)
{
    const struct program_spec *spec = making->spec;
    err_t err = making_object(making, which, OBJECT_SCHED_CONTEXT, 0);

    if (err) {
        return err;
    }
    making_step(making);
    err = sched_context_configure(slot_of(making, which), spec->machine, spec->priority,
                                  spec->budget_ns, spec->period_ns, spec->core);
    if (err == ERR_OK && spec->spare_priority != 0) {
        err = sched_context_set_spare(slot_of(making, which), spec->machine, spec->spare_priority);
    }
    return err;
}

static err_t context_make(struct making *making)
{
    const struct program_spec *spec = making->spec;
    cap_addr_t context = slot_of(making, SLOT_CONTEXT);
    err_t err;

    if (spec->context != 0) {
        making->program->context = spec->context;
        return sched_context_bind(spec->context, slot_of(making, SLOT_THREAD));
    }
    if (spec->budget_ns == 0) {
        return ERR_OK;
    }
    err = making_context(making, SLOT_CONTEXT);
    if (err) {
        return err;
    }
    making->program->context = context;
    making_step(making);
    return sched_context_bind(context, slot_of(making, SLOT_THREAD));
}

/* Info page, message buffer, words and stack, at the places that every program has them. */
static err_t pages_map(struct making *making)
{
    cap_addr_t pages = slot_of(making, SLOT_PAGES);
    user_addr_t stack = BOOT_STACK_TOP - making->stack_pages * PAGE_BYTES;
    const struct {
        user_addr_t at;
        uint32_t first, pages, prot;
    } places[] = {
        { BOOT_INFO_ADDR, PAGES_INFO, 1, PROT_READ },
        { BOOT_BUFFER_ADDR, PAGES_BUFFER, 1, PROT_READ | PROT_WRITE },
        { PROGRAM_WORDS_ADDR, PAGES_WORDS, making->word_pages, PROT_READ | PROT_WRITE },
        { stack, PAGES_WORDS + making->word_pages, making->stack_pages, PROT_READ | PROT_WRITE },
    };
    uint32_t done;
    err_t err = ERR_OK;

    for (uint32_t i = 0; err == ERR_OK && i < sizeof(places) / sizeof(places[0]); i++) {
        making_step(making);
        err = space_map(slot_of(making, SLOT_SPACE), places[i].at, pages, places[i].first,
                        places[i].pages, places[i].prot, &done);
    }
    if (err == ERR_OK) {
        making_step(making);
        err = cap_table_copy(self()->table, slot_of(making, SLOT_BUFFER), self()->table, pages,
                             RIGHT_READ | RIGHT_WRITE);
    }
    if (err == ERR_OK) {
        making_step(making);
        err = thread_set_buffer(slot_of(making, SLOT_THREAD), slot_of(making, SLOT_BUFFER),
                                PAGES_BUFFER * PAGE_BYTES);
    }
    return err;
}

static err_t info_make(struct making *making)
{
    uint32_t shown = making->word_pages != 0 ? PAGES_WORDS + making->word_pages : 1;
    uint64_t pages = (uint64_t)PAGES_WORDS + making->word_pages + making->stack_pages;
    user_addr_t window;
    err_t err = making_object(making, SLOT_PAGES, OBJECT_FRAME, pages << 8 | PAGE_CLASS_4K);

    if (err == ERR_OK) {
        err = pages_map(making);
    }
    if (err == ERR_OK) {
        err = window_open(making, slot_of(making, SLOT_PAGES), shown, &window);
    }
    if (err) {
        return err;
    }
    making->info = (struct program_info *)window;
    if (making->word_pages != 0) {
        memcpy((char *)window + PAGES_WORDS * PAGE_BYTES, making->spec->words,
               making->spec->word_bytes);
    }
    err = making_give(making);
    window_close(making, shown, window);
    return err;
}

static err_t thread_make_ready(struct making *making)
{
    const struct program_spec *spec = making->spec;
    cap_addr_t thread = slot_of(making, SLOT_THREAD);
    err_t err;

    making_step(making);
    err = thread_configure(thread, making->table, slot_of(making, SLOT_SPACE));
    if (err == ERR_OK && spec->handler != 0) {
        making_step(making);
        err = thread_set_handler(thread, spec->handler);
    }
    if (err == ERR_OK && spec->events != 0) {
        making_step(making);
        err = thread_bind_notification(thread, spec->events, UINT64_MAX);
    }
    if (err == ERR_OK) {
        making_step(making);
        err = thread_write_registers(thread, REGISTER_RIP, 2, making->image.entry, BOOT_STACK_TOP,
                                     0, 0, 0, 0);
    }
    if (err == ERR_OK && making->image.thread_pointer != 0) {
        err = thread_write_registers(thread, REGISTER_FS_BASE, 1, making->image.thread_pointer, 0,
                                     0, 0, 0, 0);
    }
    return err;
}

/* What uses a C library uses more stack. */
static uint32_t stack_pages_of(const struct program_spec *spec, const struct elf_image *image)
{
    uint32_t bytes = image->thread_pointer != 0 ? PROGRAM_STACK_MAX : PROGRAM_STACK_BYTES;

    return (uint32_t)((spec->stack_bytes != 0 ? spec->stack_bytes : bytes) / PAGE_BYTES);
}

static err_t memory_reserve(const struct program_spec *spec, struct program *program)
{
    struct self *me = self();
    err_t err;

    if (spec->untyped != 0) {
        program->is_placed = true;
        program->untyped = spec->untyped;
        program->first = spec->first;
        program->memory_bytes = spec->memory_bytes;
        return ERR_OK;
    }
    self_lock();
    err = slots_take(&me->slots, PROGRAM_PARENT_SLOTS, &program->first);
    if (err == ERR_OK) {
        err = memory_take(&me->memory, spec->memory_bytes, spec->owner, &program->untyped);
        if (err) {
            slots_give(&me->slots, program->first, PROGRAM_PARENT_SLOTS);
            program->untyped = 0;
        } else {
            program->memory_bytes = memory_size(&me->memory, program->untyped);
        }
    }
    self_unlock();
    return err;
}

err_t program_create(const struct program_spec *spec, struct program *program, const char **why)
{
    struct making making = { .spec = spec, .program = program, .next_slot = PROGRAM_SLOT_FIRST };
    err_t err;

    *program = (struct program){ 0 };
    err = elf_read(spec->image, spec->image_bytes, ABI_HASH, &making.image, why);
    if (err) {
        return err;
    }
    if (spec->word_bytes > PROGRAM_WORDS_MAX) {
        *why = "it has too many arguments";
        return ERR_RANGE;
    }
    making.stack_pages = stack_pages_of(spec, &making.image);
    making.word_pages = (uint32_t)((spec->word_bytes + PAGE_BYTES - 1) / PAGE_BYTES);
    *why = "there is not as much free memory";
    err = memory_reserve(spec, program);
    if (err) {
        return err;
    }
    *why = "its memory is too small, or a number of its description is not allowed";
    err = objects_make(&making);
    if (err == ERR_OK) {
        err = context_make(&making);
    }
    if (err == ERR_OK) {
        err = info_make(&making);
    }
    if (err == ERR_OK) {
        err = thread_make_ready(&making);
    }
    if (err) {
        program_destroy(program);
        return err;
    }
    program->thread = slot_of(&making, SLOT_THREAD);
    return ERR_OK;
}

err_t program_run(const struct program *program)
{
    return thread_resume(program->thread);
}

/*
 * Its space goes before all else. Frames that go while they are mapped have to be searched for in its tables, page by page;
 * a space that goes forgets them at once.
 */
static void space_end(cap_addr_t first)
{
    (void)!cap_table_delete(self()->table, first + SLOT_SPACE);
}

void program_sweep(cap_addr_t untyped, cap_addr_t first)
{
    space_end(first);
    (void)!cap_table_revoke(self()->table, untyped);
    for (cap_addr_t slot = first; slot < first + PROGRAM_PARENT_SLOTS; slot++) {
        (void)!cap_table_delete(self()->table, slot); /* most are empty by now */
    }
}

void program_destroy(struct program *program)
{
    struct self *me = self();

    if (program->untyped == 0) {
        return;
    }
    if (program->is_placed) {
        program_sweep(program->untyped, program->first);
    } else {
        space_end(program->first);
        self_lock();
        /* Everything in the slots was made from it, or was copied from what was. */
        memory_give(&me->memory, program->untyped);
        slots_give(&me->slots, program->first, PROGRAM_PARENT_SLOTS);
        self_unlock();
    }
    *program = (struct program){ 0 };
}
