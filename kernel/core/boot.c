/* SPDX-License-Identifier: MIT */
/*
 * Makes the first program, with all there is: its objects, its capabilities in the slots that
 * abi/boot_info.h names, its address space, and the page that tells it about the rest. What memory
 * that takes comes from free RAM before the remainder becomes untyped.
 */
#include "core/boot.h"

#include <stddef.h>

#include "core/bytes.h"
#include "core/command_line.h"
#include "core/core.h"
#include "core/cpio.h"
#include "core/elf.h"
#include "core/panic.h"
#include "core/print.h"
#include "core/trace.h"
#include "mm/vspace.h"
#include "object/thread_life.h"
#include "sched/sched.h"

#define PAGE 4096ull
#define ROOT_SLOTS 4096u
#define ROOT_STACK_BYTES 65536u
#define ROOT_RANK 15u
#define ROOT_PRIORITY 255u
#define ROOT_BUDGET_NS 10000000u
#define ROOT_SPARE_TABLES 32u
#define DEVICES_SPLIT_END 0x100000000ull
#define REGISTER_IP 0u /* as thread.write_registers numbers them */
#define REGISTER_SP 1u

/* What comes into being here; the objects lie in memory that nobody else gets. */
struct boot {
    struct boot_plan *plan;
    struct core *core;
    struct cap_table *table;
    struct vspace *space;
    struct thread *thread;
    struct boot_info *info;
    uint64_t given_bytes; /* RAM in frames that the root program gets */
};
static struct machine machine;

static _Noreturn void refuse(const char *what, const char *why)
{
    print_text(what);
    arch_panic(why, __FILE__, __LINE__);
}

static void require(err_t err)
{
    if (err) {
        print_decimal("Making the root program failed with error ", (uint64_t)err);
        arch_panic("the root program does not fit", __FILE__, __LINE__);
    }
}

static struct cap *slot_of(struct boot *boot, uint32_t number)
{
    return cap_slot(boot->table, number);
}

static void *take(struct boot *boot, uint64_t size_bytes)
{
    return arch_phys_to_ptr(boot_plan_take(boot->plan, size_bytes, PAGE, UINT64_MAX));
}

static void memory_cap(struct cap *slot, enum object_type type, phys_t base, uint64_t size_bytes,
                       uint32_t rights)
{
    struct memory_run run = { .base = base, .size_bytes = size_bytes };

    cap_create(NULL, slot, type, NULL, &run, rights);
}

/* A frame of new memory. */
static void *frame_make(struct boot *boot, uint32_t slot, uint64_t size_bytes, uint32_t rights)
{
    phys_t base = boot_plan_take(boot->plan, size_bytes, PAGE, UINT64_MAX);

    memory_cap(slot_of(boot, slot), OBJECT_FRAME, base, size_bytes, rights);
    boot->given_bytes += size_bytes;
    return arch_phys_to_ptr(base);
}

static void map(struct boot *boot, uint32_t slot, struct mapping mapping)
{
    uint32_t done;

    for (; mapping.count > 0; mapping.count -= done) {
        require(vspace_map_pages(boot->space, slot_of(boot, slot), &mapping, &done));
        mapping.first += done;
        mapping.at += done * PAGE;
    }
}

static void map_all(struct boot *boot, uint32_t slot, user_addr_t at, uint32_t prot)
{
    uint64_t pages = slot_of(boot, slot)->run.size_bytes / PAGE;

    map(boot, slot, (struct mapping){ 0, (uint32_t)pages, at, prot });
}

/* Fills a page that stays mapped in the kernel and shows it to the program. */
static void show_clock(struct boot *boot)
{
    struct clock_page *page = frame_make(boot, ROOT_SLOT_CLOCK, PAGE, RIGHT_READ);

    page->abi_hash = ABI_HASH;
    page->base_tsc = boot->plan->clock_base_tsc;
    page->mult = boot->plan->clock_mult;
    page->shift = boot->plan->clock_shift;
    map_all(boot, ROOT_SLOT_CLOCK, BOOT_CLOCK_ADDR, PROT_READ);
}

static void make_buffer(struct boot *boot)
{
    struct cap *buffer;
    struct cap *mapped;

    frame_make(boot, ROOT_SLOT_BUFFER, PAGE, RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE);
    buffer = slot_of(boot, ROOT_SLOT_BUFFER);
    mapped = slot_of(boot, ROOT_SLOT_BUFFER_MAP);
    require(cap_may_derive(buffer));
    cap_derive(buffer, buffer, mapped, RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE);
    require(thread_buffer_set(boot->thread, buffer, 0));
    map_all(boot, ROOT_SLOT_BUFFER_MAP, BOOT_BUFFER_ADDR, PROT_READ | PROT_WRITE);
}

static void segment_load(struct boot *boot, const struct elf_program *program,
                         const struct elf_segment *segment, uint8_t *image)
{
    uint8_t *to = image + (segment->start - program->low);
    uint64_t first = (segment->start - program->low) / PAGE;
    uint64_t end = (segment->start + segment->memory_bytes - program->low + PAGE - 1) / PAGE;

    bytes_copy(to, segment->data, segment->file_bytes);
    map(boot, ROOT_SLOT_IMAGE,
        (struct mapping){ (uint32_t)first, (uint32_t)(end - first), program->low + first * PAGE,
                          segment->prot });
}

static void load_program(struct boot *boot, const struct elf_program *program)
{
    uint8_t *image = frame_make(boot, ROOT_SLOT_IMAGE, program->high - program->low,
                                RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_MANAGE);

    for (uint32_t i = 0; i < program->segment_count; i++) {
        segment_load(boot, program, &program->segments[i], image);
    }
    boot->info->image_end = program->high;
}

/* The archive stays where the loader put it, if that is the start of a page. */
static void place_archive(struct boot_plan *plan)
{
    uint64_t tail = (0 - (plan->archive + plan->archive_bytes)) % PAGE;

    if (plan->archive_bytes == 0) {
        refuse("", "there is no boot archive: give one with -initrd (QEMU) or module2 (GRUB)");
    }
    if (plan->archive % PAGE != 0) {
        phys_t to = boot_plan_take(plan, plan->archive_bytes, PAGE, UINT64_MAX);

        bytes_copy(arch_phys_to_ptr(to), arch_phys_to_ptr(plan->archive), plan->archive_bytes);
        plan->archive = to;
        return;
    }
    arch_memory_clear(arch_phys_to_ptr(plan->archive + plan->archive_bytes), tail);
}

static void show_archive(struct boot *boot)
{
    uint64_t bytes = (boot->plan->archive_bytes + PAGE - 1) & ~(PAGE - 1);

    memory_cap(slot_of(boot, ROOT_SLOT_ARCHIVE), OBJECT_FRAME, boot->plan->archive, bytes,
               RIGHT_READ | RIGHT_MANAGE);
    boot->given_bytes += bytes;
    map_all(boot, ROOT_SLOT_ARCHIVE, BOOT_ARCHIVE_ADDR, PROT_READ);
}

static void find_program(const struct boot_plan *plan, struct elf_program *program)
{
    uint64_t size_bytes = 0;
    const uint8_t *file;
    const char *wrong;

    file = cpio_first(arch_phys_to_ptr(plan->archive), plan->archive_bytes, &size_bytes);
    if (file == NULL) {
        refuse("", "the boot archive is not a cpio archive (format newc), or it is cut short");
    }
    wrong = elf_read(file, size_bytes, program);
    if (wrong != NULL) {
        refuse("The root program, first in the boot archive, cannot be started:", wrong);
    }
    if (program->abi_hash != ABI_HASH) {
        print_hex("The root program was built for ABI ", program->abi_hash, 16);
        print_hex(", this kernel's is ", ABI_HASH, 16);
        refuse("", program->abi_hash == 0 ? "the root program has no note of its ABI"
                                          : "the root program was built for another ABI");
    }
}

static void make_tables(struct boot *boot, const struct elf_program *program)
{
    uint64_t pages = (boot->plan->archive_bytes + program->high - program->low) / PAGE;
    uint64_t count = ROOT_SPARE_TABLES + pages / PTE_PER_TABLE;
    struct cap *tables = slot_of(boot, ROOT_SLOT_TABLES);
    phys_t base = boot_plan_take(boot->plan, count * PAGE, PAGE, UINT64_MAX);

    memory_cap(tables, OBJECT_PAGE_TABLE, base, count * PAGE, RIGHT_MANAGE);
    require(vspace_attach(boot->space, tables));
}

static void make_objects(struct boot *boot)
{
    boot->table = take(boot, CAP_TABLE_BYTES(ROOT_SLOTS));
    boot->table->slot_count = ROOT_SLOTS;
    machine.root_table = boot->table;
    cap_create(NULL, slot_of(boot, ROOT_SLOT_TABLE), OBJECT_CAP_TABLE, boot->table, NULL,
               RIGHT_MANAGE);
    boot->space = take(boot, VSPACE_BYTES);
    vspace_init(boot->space);
    cap_create(NULL, slot_of(boot, ROOT_SLOT_VSPACE), OBJECT_VSPACE, boot->space, NULL,
               RIGHT_MANAGE);
    boot->thread = take(boot, sizeof(struct thread));
    thread_init(boot->thread, boot->core, ROOT_RANK, true);
    machine.root_thread = boot->thread;
    cap_create(NULL, slot_of(boot, ROOT_SLOT_THREAD), OBJECT_THREAD, boot->thread, NULL,
               RIGHT_MANAGE | RIGHT_LEND);
    require(thread_configure(boot->core, boot->thread, slot_of(boot, ROOT_SLOT_TABLE),
                             slot_of(boot, ROOT_SLOT_VSPACE)));
    cap_create(NULL, slot_of(boot, ROOT_SLOT_MACHINE), OBJECT_MACHINE, &machine, NULL,
               RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE);
    slot_of(boot, ROOT_SLOT_MACHINE)->badge = ROOT_PRIORITY;
}

static void make_context(struct boot *boot)
{
    struct sched_context *context = take(boot, sizeof(struct sched_context));

    context_init(context);
    cap_create(NULL, slot_of(boot, ROOT_SLOT_CONTEXT), OBJECT_SCHED_CONTEXT, context, NULL,
               RIGHT_MANAGE);
    context_configure(boot->core, context, ROOT_PRIORITY, ROOT_BUDGET_NS, ROOT_BUDGET_NS);
    require(context_bind(boot->core, context, slot_of(boot, ROOT_SLOT_THREAD)));
}

/* trace=on records from the first program on; tools/trace.py reads the ring where this says it is. */
static void make_trace(struct boot *boot)
{
    char value[8];

    core_trace.ring =
        frame_make(boot, ROOT_SLOT_TRACE, TRACE_RING_BYTES, RIGHT_READ | RIGHT_MANAGE);
    if (command_line_get(boot->plan->command_line, "trace", value, sizeof(value)) &&
        value[0] == 'o' && value[1] == 'n') {
        core_trace.is_on = 1;
        print_hex("trace: ring at 0x", arch_ptr_to_phys(core_trace.ring), 16);
        print_text("\n");
    }
}

static void untyped_add(struct boot *boot, phys_t base, phys_t end, bool is_device)
{
    struct boot_info *info = boot->info;
    uint32_t slot = ROOT_SLOT_UNTYPED + info->untyped_count;

    if (end <= base || info->untyped_count == BOOT_UNTYPED_MAX) {
        return;
    }
    memory_cap(slot_of(boot, slot), OBJECT_UNTYPED, base, end - base, RIGHT_MANAGE);
    slot_of(boot, slot)->run.is_device = is_device;
    info->untyped[info->untyped_count++] =
        (struct boot_untyped){ base, end - base, is_device ? 1 : 0, slot };
}

/* Largest first; takes each from the plan, and what finds no place in the list as well. Returns the bytes given. */
static uint64_t give_ram(struct boot *boot)
{
    struct boot_plan *plan = boot->plan;
    uint64_t bytes = 0;

    while (plan->ram_count > 0 && boot->info->untyped_count < BOOT_UNTYPED_MAX / 2) {
        struct boot_range largest = plan->ram[0];

        for (uint32_t i = 1; i < plan->ram_count; i++) {
            if (plan->ram[i].size_bytes > largest.size_bytes) {
                largest = plan->ram[i];
            }
        }
        untyped_add(boot, largest.base, largest.base + largest.size_bytes, false);
        bytes += largest.size_bytes;
        boot_plan_hold(plan, largest.base, largest.size_bytes);
    }
    while (plan->ram_count > 0) {
        boot_plan_hold(plan, plan->ram[0].base, plan->ram[0].size_bytes);
    }
    return bytes;
}

/* By now all that is not a device is held; what lies between becomes device memory. */
static void give_devices(struct boot *boot)
{
    const struct boot_plan *plan = boot->plan;
    phys_t at = 0;

    for (uint32_t i = 0; i < plan->held_count; i++) {
        phys_t base = plan->held[i].base;

        if (at < DEVICES_SPLIT_END && base > DEVICES_SPLIT_END) {
            untyped_add(boot, at, DEVICES_SPLIT_END, true);
            at = DEVICES_SPLIT_END;
        }
        untyped_add(boot, at, base < plan->device_end ? base : plan->device_end, true);
        at = base + plan->held[i].size_bytes;
    }
    if (at < DEVICES_SPLIT_END) {
        untyped_add(boot, at, DEVICES_SPLIT_END, true);
        at = DEVICES_SPLIT_END;
    }
    untyped_add(boot, at, plan->device_end, true);
}

static void fill_info(struct boot *boot)
{
    const struct boot_plan *plan = boot->plan;
    struct boot_info *info = boot->info;

    info->magic = BOOT_INFO_MAGIC;
    info->abi_hash = ABI_HASH;
    info->ram_bytes = plan->ram_bytes;
    info->archive_bytes = plan->archive_bytes;
    info->pci_ecam_base = plan->ecam;
    info->pci_ecam_buses = plan->ecam_buses;
    info->framebuffer = plan->framebuffer;
    info->table_slots = ROOT_SLOTS;
    bytes_copy(info->acpi_rsdp, plan->rsdp, BOOT_RSDP_BYTES);
    for (uint32_t i = 0; i < sizeof(info->command_line) && plan->command_line[i] != 0; i++) {
        info->command_line[i] = plan->command_line[i];
    }
}

static void build(struct boot *boot, const struct elf_program *program)
{
    make_objects(boot);
    make_tables(boot, program);
    make_context(boot);
    make_trace(boot);
    boot->info = frame_make(boot, ROOT_SLOT_INFO, PAGE, RIGHT_READ | RIGHT_MANAGE);
    map_all(boot, ROOT_SLOT_INFO, BOOT_INFO_ADDR, PROT_READ);
    show_clock(boot);
    show_archive(boot);
    make_buffer(boot);
    frame_make(boot, ROOT_SLOT_STACK, ROOT_STACK_BYTES, RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE);
    map_all(boot, ROOT_SLOT_STACK, BOOT_STACK_TOP - ROOT_STACK_BYTES, PROT_READ | PROT_WRITE);
    load_program(boot, program);
    fill_info(boot);
}

void core_boot(struct boot_plan *plan)
{
    struct boot boot = { .plan = plan, .core = plan->core };
    struct elf_program program;

    core_init(plan->core, &machine, 0);
    panic_configure(plan->command_line, plan->core);
    panic_record_init(arch_phys_to_ptr(plan->panic_record));
    place_archive(plan);
    find_program(plan, &program);
    build(&boot, &program);

    uint64_t untyped_bytes = give_ram(&boot);

    give_devices(&boot);
    machine.core_count = 1;
    machine.ram_bytes = plan->ram_bytes;
    machine.kernel_bytes = plan->ram_bytes - untyped_bytes - boot.given_bytes;
    boot.info->kernel_bytes = machine.kernel_bytes;
    print_decimal("Pith: ", machine.ram_bytes >> 20);
    print_decimal(" MiB of RAM, of which the kernel keeps ", machine.kernel_bytes >> 10);
    print_text(" KiB\n");
    bool is_set = arch_register_set(&boot.thread->registers, REGISTER_IP, program.entry) &&
                  arch_register_set(&boot.thread->registers, REGISTER_SP, BOOT_STACK_TOP);

    assert(is_set); /* elf_read() has seen that it lies in the image, and so in the user half */
    thread_make_ready(plan->core, boot.thread);
    core_dispatch(plan->core);
}
