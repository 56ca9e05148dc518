/* SPDX-License-Identifier: MIT */
/* From what the kernel gave to a warden that has it. */
#include "init.h"

#include "pith/archive.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"

#include "abi/names.h"

enum { WARDEN_BYTES = 512 << 10, RAM_PIECE_MIN = 64 << 10, OWNER_WARDEN = 1, OWNER_CHILD = 2 };
enum { RIGHTS_ALL = 0x3ff, WARDEN_RANK = 15, NAMED_SLOTS_END = WARDEN_SLOT_KEPT };

static err_t file_find(const char *name, const void **data, size_t *bytes)
{
    return archive_find((const void *)BOOT_ARCHIVE_ADDR, self()->boot->archive_bytes, name, data,
                        bytes);
}

static err_t put(uint32_t slot, cap_addr_t source, uint32_t rights)
{
    return cap_table_copy(init()->table, slot, self()->table, source, rights);
}

/* The page by which the warden and we hear of each other, what else of its state is kept, and the epochs. */
static err_t pages_make(void)
{
    const struct boot_info *boot = self()->boot;
    cap_addr_t frame, epochs;
    user_addr_t at;
    err_t err = region_create(WARDEN_STATE_BYTES, PROT_READ | PROT_WRITE, &at, &frame);

    if (err == ERR_OK) {
        err = put(WARDEN_SLOT_STATE, frame, RIGHTS_ALL);
    }
    if (err == ERR_OK) {
        err = object_create(OBJECT_FRAME, 1 << 8 | PAGE_CLASS_4K, &epochs);
    }
    if (err == ERR_OK) {
        err = put(WARDEN_SLOT_EPOCHS, epochs, RIGHTS_ALL);
    }
    if (err) {
        return err;
    }
    init()->page = (struct warden_page *)at;
    *init()->page = (struct warden_page){
        .magic = WARDEN_PAGE_MAGIC,
        .ram_bytes = boot->ram_bytes,
        .kernel_bytes = boot->kernel_bytes,
        .archive_bytes = boot->archive_bytes,
        .pci_ecam_base = boot->pci_ecam_base,
        .pci_ecam_buses = boot->pci_ecam_buses,
    };
    return ERR_OK;
}

static err_t fixed_put(void)
{
    err_t err = put(WARDEN_SLOT_MACHINE, ROOT_SLOT_MACHINE, RIGHTS_ALL);

    if (err == ERR_OK) {
        err = put(WARDEN_SLOT_CLOCK, ROOT_SLOT_CLOCK, RIGHTS_ALL);
    }
    if (err == ERR_OK) {
        err = put(WARDEN_SLOT_ARCHIVE, ROOT_SLOT_ARCHIVE, RIGHT_READ);
    }
    if (err == ERR_OK) {
        err = put(WARDEN_SLOT_TRACE, ROOT_SLOT_TRACE, RIGHT_READ);
    }
    if (err == ERR_OK) {
        err = put(WARDEN_SLOT_EAR, init()->ear, RIGHTS_ALL);
    }
    if (err == ERR_OK) {
        err = put(WARDEN_SLOT_HAND, init()->hand, RIGHTS_ALL);
    }
    return err;
}

static err_t objects_make(void)
{
    struct init *all = init();
    err_t err = object_create(OBJECT_ENDPOINT, 0, &all->endpoint);

    if (err == ERR_OK) {
        err = cap_mint(all->endpoint, RIGHT_CALL, BADGE_WARDEN, &all->handler);
    }
    if (err == ERR_OK) {
        err = object_create(OBJECT_CAP_TABLE, WARDEN_TABLE_LOG2, &all->table);
    }
    if (err == ERR_OK) {
        err = object_create(OBJECT_ENDPOINT, WARDEN_EAR_RANK, &all->ear);
    }
    if (err == ERR_OK) {
        err = object_create(OBJECT_NOTIFICATION, 0, &all->hand);
    }
    if (err == ERR_OK) {
        err = memory_take(&self()->memory, WARDEN_BYTES, OWNER_WARDEN, &all->untyped);
    }
    if (err == ERR_OK) {
        all->untyped_bytes = memory_size(&self()->memory, all->untyped);
        err = slots_take(&self()->slots, PROGRAM_PARENT_SLOTS, &all->first);
    }
    return err;
}

/* Largest pieces first, so that they stay few. What is moved counts as taken for good. */
static err_t ram_give(void)
{
    struct warden_page *page = init()->page;

    for (uint64_t bytes = 1ull << 40; bytes >= RAM_PIECE_MIN; bytes /= 2) {
        cap_addr_t untyped;

        while (page->ram_count < WARDEN_RAM_MAX &&
               memory_take(&self()->memory, bytes, OWNER_WARDEN, &untyped) == ERR_OK) {
            uint64_t size = memory_size(&self()->memory, untyped);
            err_t err = cap_table_move(init()->table, WARDEN_SLOT_RAM + page->ram_count,
                                       self()->table, untyped);

            if (err) {
                return err;
            }
            page->ram_count++;
            page->given_bytes += size;
        }
    }
    return ERR_OK;
}

static err_t devices_give(void)
{
    const struct boot_info *boot = self()->boot;
    struct warden_page *page = init()->page;

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        if (!boot->untyped[i].device || page->device_count == WARDEN_DEVICES_MAX) {
            continue;
        }
        err_t err = cap_table_move(init()->table, WARDEN_SLOT_DEVICES + page->device_count,
                                   self()->table, boot->untyped[i].slot);

        if (err) {
            return err;
        }
        page->device_count++;
    }
    return ERR_OK;
}

static err_t child_start(uint32_t number)
{
    const struct description_program *program = &init()->description.programs[number];
    struct program_spec spec = {
        .name = program->name,
        .args = program->args,
        .memory_bytes = program->memory_bytes,
        .owner = OWNER_CHILD + number,
        .rank = (uint8_t)program->rank,
        .has_fpu = (program->flags & DESCRIPTION_FPU) != 0,
        .machine_rights = program->flags & DESCRIPTION_DEBUG_WRITE ? (uint32_t)RIGHT_WRITE : 0,
        .machine = ROOT_SLOT_MACHINE,
        .priority = program->priority,
        .spare_priority = program->spare_priority,
        .core = program->core,
        .budget_ns = program->budget_ns,
        .period_ns = program->period_ns,
        .clock = ROOT_SLOT_CLOCK,
    };
    const char *why = "the boot archive does not hold it";
    err_t err = file_find(program->binary, &spec.image, &spec.image_bytes);

    if (err == ERR_OK) {
        err = cap_mint(init()->endpoint, RIGHT_CALL, BADGE_CHILD + number, &spec.handler);
    }
    if (err == ERR_OK) {
        err = program_create(&spec, &init()->children[number], &why);
    }
    if (err == ERR_OK) {
        err = program_run(&init()->children[number]);
    }
    if (err) {
        debug_printf("init: %s does not start: %s (%s)\n", program->name, why, error_name(err));
    }
    return err;
}

/* What a warden that is gone has left: its own slots. Most are empty, and its objects went with its memory. */
static void warden_sweep(void)
{
    program_sweep(init()->untyped, init()->first);
    for (uint32_t slot = 1; slot < NAMED_SLOTS_END; slot++) {
        (void)!cap_table_delete(init()->table, slot);
    }
    for (uint32_t slot = WARDEN_SLOT_OWN; slot < 1u << WARDEN_TABLE_LOG2; slot++) {
        (void)!cap_table_delete(init()->table, slot);
    }
}

err_t warden_start(void)
{
    const struct program_grant guardian = {
        .name = "guardian", .source = init()->endpoint, .rights = RIGHT_CALL, .badge = BADGE_WARDEN
    };
    struct program_spec spec = {
        .name = "warden",
        .memory_bytes = init()->untyped_bytes,
        .rank = WARDEN_RANK,
        .machine_rights = RIGHT_WRITE,
        .machine = ROOT_SLOT_MACHINE,
        .priority = WARDEN_PRIORITY,
        .budget_ns = WARDEN_PERIOD_NS,
        .period_ns = WARDEN_PERIOD_NS,
        .clock = ROOT_SLOT_CLOCK,
        .handler = init()->handler,
        .grant_count = 1,
        .grants = &guardian,
        .untyped = init()->untyped,
        .first = init()->first,
        .table = init()->table,
        .table_log2 = WARDEN_TABLE_LOG2,
        .first_free = WARDEN_SLOT_OWN,
        .endpoint = init()->ear,
    };
    const char *why = "the boot archive does not hold it";
    err_t err;

    warden_sweep();
    init()->page->starts++;
    atomic_store_explicit(&init()->page->alive_until_ns, 0, memory_order_relaxed);
    err = file_find("warden", &spec.image, &spec.image_bytes);
    if (err == ERR_OK) {
        err = program_create(&spec, &init()->warden, &why);
    }
    if (err == ERR_OK) {
        err = program_run(&init()->warden);
    }
    if (err) {
        debug_printf("init: the warden does not start: %s (%s)\n", why, error_name(err));
    }
    return err;
}

err_t init_build(void)
{
    const char *why = "";
    err_t err = description_read((const void *)BOOT_ARCHIVE_ADDR, self()->boot->archive_bytes,
                                 &init()->description, &why);

    if (err) {
        debug_printf("init: %s\n", why);
        return err;
    }
    err = objects_make();
    if (err == ERR_OK) {
        err = fixed_put();
    }
    if (err == ERR_OK) {
        err = pages_make();
    }
    for (uint32_t i = 0; err == ERR_OK && i < init()->description.header.program_count; i++) {
        if (init()->description.programs[i].flags & DESCRIPTION_OF_INIT) {
            (void)!child_start(i); /* the others are still of use */
        }
    }
    if (err == ERR_OK) {
        err = devices_give();
    }
    if (err == ERR_OK) {
        err = ram_give();
    }
    if (err) {
        debug_printf("init: cannot make what the warden needs: %s\n", error_name(err));
        return err;
    }
    return warden_start();
}
