/* SPDX-License-Identifier: MIT */
/*
 * The way from a memory map to the first program, on the simulated machine: what the program finds is what
 * abi/boot_info.h promises, all memory is accounted for, and what cannot be started is refused in words. Each
 * boot is a process of its own: the kernel boots once.
 */
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "arch_host/machine.h"
#include "boot_machine.h"
#include "core/core.h"
#include "core/trace.h"
#include "last_words.h"
#include "situation.h"

enum { LINE_BYTES = 600 };

/* --- What the program finds ------------------------------------------------------------------------ */

static const struct boot_info *info(void)
{
    return arch_phys_to_ptr(cap_at(ROOT_SLOT_INFO)->run.base);
}

static const struct boot_setting plain = { .program = { .abi_hash = ABI_HASH },
                                           .command_line = "trace=off panic=exit" };

static void check_slots(void)
{
    static const struct {
        uint32_t slot, type, rights;
    } wanted[] = {
        { ROOT_SLOT_TABLE, OBJECT_CAP_TABLE, RIGHT_MANAGE },
        { ROOT_SLOT_VSPACE, OBJECT_VSPACE, RIGHT_MANAGE },
        { ROOT_SLOT_THREAD, OBJECT_THREAD, RIGHT_MANAGE | RIGHT_LEND },
        { ROOT_SLOT_CONTEXT, OBJECT_SCHED_CONTEXT, RIGHT_MANAGE },
        { ROOT_SLOT_MACHINE, OBJECT_MACHINE, RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE },
        { ROOT_SLOT_CLOCK, OBJECT_FRAME, RIGHT_READ },
        { ROOT_SLOT_INFO, OBJECT_FRAME, RIGHT_READ | RIGHT_MANAGE },
        { ROOT_SLOT_BUFFER, OBJECT_FRAME, RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE },
        { ROOT_SLOT_IMAGE, OBJECT_FRAME, RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_MANAGE },
        { ROOT_SLOT_STACK, OBJECT_FRAME, RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE },
        { ROOT_SLOT_TABLES, OBJECT_PAGE_TABLE, RIGHT_MANAGE },
        { ROOT_SLOT_ARCHIVE, OBJECT_FRAME, RIGHT_READ | RIGHT_MANAGE },
        { ROOT_SLOT_TRACE, OBJECT_FRAME, RIGHT_READ | RIGHT_MANAGE },
        { ROOT_SLOT_BUFFER_MAP, OBJECT_FRAME, RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE },
        { ROOT_SLOT_BUFFER_MAP + 1, OBJECT_NONE, 0 },
    };

    for (uint32_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        const struct cap *cap = cap_at(wanted[i].slot);

        CHECK_EQ(cap->type, wanted[i].type, "the type of a slot");
        CHECK(cap->type == OBJECT_NONE || cap->rights == wanted[i].rights, "and its rights");
    }
    CHECK_EQ(cap_at(ROOT_SLOT_MACHINE)->badge, 255, "any priority may be given");
}

static void check_info(void)
{
    CHECK_EQ(info()->magic, BOOT_INFO_MAGIC, "the magic number");
    CHECK_EQ(info()->abi_hash, ABI_HASH, "the ABI");
    CHECK_EQ(info()->ram_bytes, BOOT_RAM_BYTES, "all RAM");
    CHECK_EQ(info()->archive_bytes, ARCHIVE_BYTES, "the archive");
    CHECK(memcmp(info()->acpi_rsdp, "RSD PTR ", 9) == 0, "ACPI");
    CHECK_EQ(info()->framebuffer.base, 0xfd000000, "the frame buffer");
    CHECK_EQ(info()->framebuffer.width, 640, "its width");
    CHECK_EQ(info()->framebuffer.pixel_bits, 32, "its depth");
    CHECK_EQ(info()->table_slots, 4096, "slots");
    CHECK(strcmp(info()->command_line, boot_machine_plan()->command_line) == 0, "the command line");
}

static uint8_t user_byte(user_addr_t addr, uint32_t access)
{
    phys_t phys = HOST_RAM_BASE;

    CHECK_EQ(host_user_access(the_core(), addr, access, &phys), 0, "the program may access that");
    return *(const uint8_t *)arch_phys_to_ptr(phys);
}

static bool is_refused(user_addr_t addr, uint32_t access)
{
    phys_t phys;

    return host_user_access(the_core(), addr, access, &phys) == FAULT_PROTECTION;
}

static void check_image(void)
{
    user_addr_t data = PROGRAM_TEXT_ADDR + PROGRAM_DATA_OFFSET;

    for (uint32_t i = 0; i < PROGRAM_TEXT_BYTES; i++) {
        CHECK_EQ(user_byte(PROGRAM_TEXT_ADDR + i, HOST_EXEC), program_text_byte(i), "its text");
    }
    for (uint32_t i = 0; i < PROGRAM_DATA_BYTES; i++) {
        CHECK_EQ(user_byte(data + i, HOST_WRITE), program_data_byte(i), "its data");
    }
    for (uint32_t i = PROGRAM_DATA_BYTES; i < PROGRAM_BSS_PAGES * PAGE; i++) {
        CHECK_EQ(user_byte(data + i, HOST_WRITE), 0, "what the file does not fill is zero");
    }
    CHECK(is_refused(PROGRAM_TEXT_ADDR, HOST_WRITE), "text is not writable");
    CHECK(is_refused(data, HOST_EXEC), "data is not executable");
    CHECK_EQ(info()->image_end, PROGRAM_TEXT_ADDR + 0x2000 + (PROGRAM_BSS_PAGES + 1) * PAGE,
             "where the image ends");
}

static void check_pages(void)
{
    const struct clock_page *clock = arch_phys_to_ptr(cap_at(ROOT_SLOT_CLOCK)->run.base);

    CHECK_EQ(user_byte(BOOT_INFO_ADDR, HOST_READ), BOOT_INFO_MAGIC & 0xff, "the information");
    CHECK_EQ(user_byte(BOOT_CLOCK_ADDR, HOST_READ), ABI_HASH & 0xff, "the clock page");
    CHECK(is_refused(BOOT_INFO_ADDR, HOST_WRITE) && is_refused(BOOT_CLOCK_ADDR, HOST_WRITE),
          "both for reading");
    CHECK(clock->base_tsc == 77 && clock->mult == 88 && clock->shift == 9, "the clock's numbers");
    CHECK_EQ(user_byte(BOOT_BUFFER_ADDR, HOST_WRITE), 0, "the message buffer");
    CHECK_EQ(user_byte(BOOT_STACK_TOP - 1, HOST_WRITE), 0, "the stack's top");
    CHECK_EQ(user_byte(BOOT_STACK_TOP - 65536, HOST_WRITE), 0, "and its end");
    for (uint32_t i = 0; i < 6; i++) {
        CHECK_EQ(user_byte(BOOT_ARCHIVE_ADDR + i, HOST_READ), (uint8_t) "070701"[i], "the archive");
    }
    CHECK_EQ(user_byte(BOOT_ARCHIVE_ADDR + ARCHIVE_BYTES, HOST_READ), 0, "nothing behind it");
    CHECK_EQ(user_byte(BOOT_ARCHIVE_ADDR + 2 * PAGE - 1, HOST_READ), 0, "to the page's end");
    CHECK(is_refused(BOOT_ARCHIVE_ADDR, HOST_WRITE), "for reading");
}

/* Each piece of memory is in the table as the list says; none overlaps another. Returns the RAM in them. */
static uint64_t check_untyped(void)
{
    uint64_t ram = 0;

    for (uint32_t i = 0; i < info()->untyped_count; i++) {
        const struct boot_untyped *piece = &info()->untyped[i];
        const struct cap *cap = cap_at(piece->slot);

        CHECK_EQ(cap->type, OBJECT_UNTYPED, "a piece is untyped memory");
        CHECK_EQ(cap->run.base, piece->base, "where the list says");
        CHECK_EQ(cap->run.size_bytes, piece->size_bytes, "as large as it says");
        CHECK_EQ(cap->run.is_device, piece->device, "of that kind");
        CHECK(piece->size_bytes != 0 && piece->base % PAGE == 0 && piece->size_bytes % PAGE == 0,
              "whole pages");
        CHECK(!piece->device || piece->base + piece->size_bytes <= BOOT_DEVICE_END,
              "below the end");
        ram += piece->device ? 0 : piece->size_bytes;
        for (uint32_t j = 0; j < i; j++) {
            const struct boot_untyped *other = &info()->untyped[j];

            CHECK(piece->base >= other->base + other->size_bytes ||
                      other->base >= piece->base + piece->size_bytes,
                  "pieces do not overlap");
        }
    }
    return ram;
}

static bool is_device_memory(phys_t phys)
{
    bool found = false;

    for (uint32_t i = 0; i < info()->untyped_count; i++) {
        const struct boot_untyped *piece = &info()->untyped[i];

        found |= piece->device && phys - piece->base < piece->size_bytes;
    }
    return found;
}

static uint64_t frames_bytes(void)
{
    uint64_t bytes = 0;

    for (uint32_t slot = 1; slot < ROOT_SLOT_UNTYPED; slot++) {
        if (cap_at(slot)->type == OBJECT_FRAME && cap_at(slot)->flags & CAP_ORIGINAL) {
            bytes += cap_at(slot)->run.size_bytes;
        }
    }
    return bytes;
}

static void boot_plainly(const void *setting)
{
    boot_machine(setting);
    struct thread *thread = the_core()->current;

    CHECK(thread == thread_at(ROOT_SLOT_THREAD), "the root program runs");
    CHECK_EQ(thread->registers.ip, PROGRAM_TEXT_ADDR, "from its entry");
    CHECK_EQ(thread->registers.sp, BOOT_STACK_TOP, "on its stack");
    CHECK(thread->buffer == arch_phys_to_ptr(cap_at(ROOT_SLOT_BUFFER)->run.base), "with a buffer");
    check_slots();
    check_info();
    check_image();
    check_pages();
    uint64_t ram = check_untyped();

    CHECK_EQ(ram + frames_bytes() + info()->kernel_bytes, BOOT_RAM_BYTES, "no RAM is lost");
    CHECK(info()->kernel_bytes < 1 << 20, "and the kernel takes little");
    CHECK(!is_device_memory(HOST_RAM_BASE + BOOT_HOLE_AT), "what was held is nobody's");
    CHECK(is_device_memory(0xc0000000) && is_device_memory(BOOT_DEVICE_END - 1),
          "devices are given");
    CHECK_EQ(core_trace.is_on, 0, "there is no trace");
}

TEST(the_root_program_finds_what_was_promised)
{
    const struct last_words *words = last_words_of(boot_plainly, &plain);

    CHECK(!words->has_panicked, words->text);
    CHECK(strstr(words->printed, "Pith: 8 MiB of RAM, of which the kernel keeps ") != NULL,
          words->printed);
}

TEST(an_archive_that_does_not_begin_with_a_page_is_copied)
{
    struct boot_setting shifted = plain;

    shifted.archive_shift = 1234;
    const struct last_words *words = last_words_of(boot_plainly, &shifted);

    CHECK(!words->has_panicked, words->text);
}

static void boot_with_long_line(const void *setting)
{
    boot_machine(setting);
    CHECK_EQ(strlen(info()->command_line), sizeof(info()->command_line) - 1, "it is cut");
}

TEST(a_long_command_line_is_cut)
{
    static char line[LINE_BYTES];
    struct boot_setting lengthy = plain;

    memset(line, 'x', sizeof(line) - 1);
    lengthy.command_line = line;
    CHECK(!last_words_of(boot_with_long_line, &lengthy)->has_panicked, "it boots");
}

static void boot_traced(const void *setting)
{
    boot_machine(setting);
    struct trace_ring *ring = arch_phys_to_ptr(cap_at(ROOT_SLOT_TRACE)->run.base);
    uint64_t head = ring->head;

    CHECK_EQ(core_trace.is_on, 1, "the trace is on");
    CHECK(head != 0, "from the first switch on");
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_TRACE, 0), "it is stopped");
    CHECK_EQ(result_word(0), head + 2, "and counts the call itself: entry and method");
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_TRACE, 1), "and started");
    CHECK_EQ(ring->events[ring->head - 1].kind, TRACE_EXIT, "from the way out of that call");
}

TEST(the_command_line_starts_the_trace)
{
    static const struct {
        const char *line;
        bool is_on;
    } cases[] = { { "trace=on", true }, { "trace=off", false }, { "trace=no", false } };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct boot_setting traced = plain;

        traced.command_line = cases[i].line;
        const struct last_words *words =
            last_words_of(cases[i].is_on ? boot_traced : boot_plainly, &traced);

        CHECK(!words->has_panicked, words->text);
        CHECK_EQ(strstr(words->printed, "trace: ring at 0x") != NULL, cases[i].is_on,
                 cases[i].line);
    }
}

/* --- Memory in many pieces ------------------------------------------------------------------------- */

static void boot_scattered(const void *setting)
{
    boot_machine(setting);
    (void)check_untyped();
    CHECK_EQ(info()->untyped_count, BOOT_UNTYPED_MAX, "as many pieces as the list holds");
    for (uint32_t i = 0; i < BOOT_PIECES; i++) {
        CHECK(!is_device_memory(HOST_RAM_BASE + (4u << 20) + i * 2ull * PAGE),
              "RAM that finds no place in the list is no device");
    }
}

TEST(memory_in_too_many_pieces_is_given_as_far_as_it_goes)
{
    struct boot_setting scattered = plain;

    scattered.is_scattered = true;
    scattered.has_devices = true; /* which are held, too */
    const struct last_words *words = last_words_of(boot_scattered, &scattered);

    CHECK(!words->has_panicked, words->text);
}

static void boot_among_devices(const void *setting)
{
    boot_machine(setting);
    (void)check_untyped();
    for (uint32_t i = 0; i < 20; i++) {
        CHECK(!is_device_memory(0xc0000000 + i * 2ull * PAGE), "what is held is nobody's");
        CHECK(is_device_memory(0xc0000000 + (i * 2ull + 1) * PAGE), "what lies between is given");
        CHECK(!is_device_memory(0x140000000 + i * 2ull * PAGE), "above 4 GiB too");
        CHECK(is_device_memory(0x140000000 + (i * 2ull + 1) * PAGE), "above 4 GiB too");
    }
    CHECK(is_device_memory(BOOT_DEVICE_END - 1), "up to the end");
    for (uint32_t i = 0; i < info()->untyped_count; i++) {
        CHECK(info()->untyped[i].base >= 1ull << 32 ||
                  info()->untyped[i].base + info()->untyped[i].size_bytes <= 1ull << 32,
              "no piece reaches across 4 GiB");
    }
}

TEST(devices_are_given_around_what_is_held)
{
    struct boot_setting among = plain;

    among.has_devices = true;
    const struct last_words *words = last_words_of(boot_among_devices, &among);

    CHECK(!words->has_panicked, words->text);
}

/* --- Counting --------------------------------------------------------------------------------------- */

static uint64_t count(uint32_t word)
{
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_COUNT, 0), "the tree is counted");
    return result_word(word);
}

static void boot_and_count(const void *setting)
{
    enum { OBJECTS, CAPS, EDGES, HASH };

    boot_machine(setting);
    uint64_t before[4] = { count(OBJECTS), count(CAPS), count(EDGES), count(HASH) };

    CHECK_EQ(before[EDGES], 0, "nobody lends");
    OK(object_make(OBJECT_UNTYPED, 8 * PAGE, 200), "memory");
    OK(object_make_from(200, OBJECT_ENDPOINT, 3, 201), "an endpoint");
    OK(slot_copy(201, 202), "a copy");
    OK(slot_copy(202, 203), "and of that");
    OK(slot_copy(201, 204), "and another");
    CHECK_EQ(count(OBJECTS), before[OBJECTS] + 2, "two objects more");
    CHECK_EQ(count(CAPS), before[CAPS] + 5, "five capabilities more");
    CHECK(count(HASH) != before[HASH], "another tree");
    thread_make_from(200, 210, 10, 255);
    OK(CALL(210, THREAD_RESUME, 0), "a thread");
    OK(request_run(&(struct request){ SYSCALL_YIELD, 0, 0, 0, 0, { 0 } }), "gets its turn");
    CHECK(the_core()->current == thread_at(210), "and runs");
    (void)call_send(201, 0, DEADLINE_NEVER);
    CHECK_EQ(count(EDGES), 1, "who calls lends");
    OK(slot_delete(200), "all of it goes");
    CHECK_EQ(count(HASH), before[HASH], "and leaves nothing");
    CHECK_EQ(count(CAPS), before[CAPS], "and leaves nothing");
}

TEST(the_count_of_the_tree_comes_back_to_what_it_was)
{
    const struct last_words *words = last_words_of(boot_and_count, &plain);

    CHECK(!words->has_panicked, words->text);
}

/* They have no parent in the tree of derivation. */
static void boot_and_give_away(const void *setting)
{
    boot_machine(setting);
    uint64_t caps = count(1);

    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_MOVE, 200, ROOT_SLOT_TABLE, ROOT_SLOT_ARCHIVE), "moved");
    CHECK_EQ(count(1), caps, "nothing is lost");
    OK(slot_copy(200, 201), "copied");
    OK(slot_delete(200), "deleted");
    CHECK_EQ(cap_at(201)->type, OBJECT_NONE, "with its copy");
    CHECK_EQ(count(1), caps - 1, "one is gone");
}

TEST(what_boot_has_made_may_move_and_go)
{
    const struct last_words *words = last_words_of(boot_and_give_away, &plain);

    CHECK(!words->has_panicked, words->text);
}

/* --- What cannot be started ------------------------------------------------------------------------ */

static void boot_and_fault(const void *setting)
{
    boot_machine(setting);
    call_fault(FAULT_ILLEGAL);
}

static void boot_and_restart(const void *setting)
{
    boot_machine(setting);
    (void)CALL(ROOT_SLOT_MACHINE, MACHINE_RESTART,
               strstr(boot_machine_plan()->command_line, "2") != NULL ? 2 : 1);
}

TEST(what_cannot_go_on_ends_in_words)
{
    static const struct {
        const char *text;    /* the panic's reason */
        const char *printed; /* what else is said */
        void (*run)(const void *setting);
        struct boot_setting setting;
    } cases[] = {
        { "there is no boot archive", "", boot_machine, { .has_no_archive = true } },
        { "is not a cpio archive", "", boot_machine, { .spoils = 1 } },
        { "it has no entry",
          "cannot be started",
          boot_machine,
          { .program = { .entry = 0x1000 } } },
        { "no note of its ABI",
          "built for ABI 0000000000000000",
          boot_machine,
          { .archive_shift = 0 } },
        { "built for another ABI",
          "built for ABI 00000000cafef00d",
          boot_machine,
          { .program = { .abi_hash = 0xcafef00d } } },
        { "does not fit",
          "failed with error ",
          boot_machine,
          { .program = { .abi_hash = ABI_HASH, .text_addr = BOOT_INFO_ADDR } } },
        { "the root program cannot go on",
          "has no handler: kind 3",
          boot_and_fault,
          { .program = { .abi_hash = ABI_HASH } } },
        { "asked for by machine.restart",
          "",
          boot_and_restart,
          { .program = { .abi_hash = ABI_HASH }, .command_line = "2" } },
        { "reboot", "", boot_and_restart, { .program = { .abi_hash = ABI_HASH } } },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct last_words *words = last_words_of(cases[i].run, &cases[i].setting);

        CHECK(words->has_panicked, cases[i].text);
        CHECK(strstr(words->text, cases[i].text) != NULL, words->text);
        CHECK(strstr(words->printed, cases[i].printed) != NULL, words->printed);
    }
}
