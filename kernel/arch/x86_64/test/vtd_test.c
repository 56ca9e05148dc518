/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of DMA remapping units against a simulated one (VT-d specification 3.x, chapters 6 and 11): a thread that
 * looks at a page of registers as the unit does, works off the queue, and says what was done against the rules.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "arch/iommu.h"
#include "arch_private.h"
#include "core/print.h"
#include "host_test/test.h"
#include "vtd.h"

enum { PAGE = 4096, UNITS = 2, PAGES_MAX = 80, BUSES = 32 };

/* Registers: chapter 11. */
enum {
    CAPABILITY = 0x08,
    EXTENDED = 0x10,
    COMMAND = 0x18,
    STATUS = 0x1c,
    ROOT = 0x20,
    PROTECTED = 0x64,
    QUEUE_TAIL = 0x88,
    QUEUE = 0x90,
};

#define TRANSLATION (1u << 31)
#define ROOT_SET (1u << 30)
#define QUEUED (1u << 26)
#define INTERRUPTS (1u << 25)
#define INTERRUPTS_SET (1u << 24)
#define OLD_MESSAGES (1u << 23)
#define STATES (TRANSLATION | QUEUED | INTERRUPTS | OLD_MESSAGES)
#define ONCE (ROOT_SET | INTERRUPTS_SET)

struct unit {
    _Alignas(PAGE) uint8_t registers[PAGE];
    uint32_t head;
    uint32_t contexts_forgotten; /* all of them */
    const char *wrong;
};

static struct unit units[UNITS];
static _Atomic bool is_over;
static pthread_t thread;
static void *pages[PAGES_MAX];
static uint32_t page_count;
static struct boot_plan plan;
static struct acpi_facts facts;

/* --- The unit -------------------------------------------------------------------------------------- */

static _Atomic uint32_t *at32(struct unit *unit, uint32_t offset)
{
    return (_Atomic uint32_t *)(void *)(unit->registers + offset);
}

static _Atomic uint64_t *at64(struct unit *unit, uint32_t offset)
{
    return (_Atomic uint64_t *)(void *)(unit->registers + offset);
}

static void work_off(struct unit *unit)
{
    const uint64_t *queue = arch_phys_to_ptr(atomic_load(at64(unit, QUEUE)) & ~0xfffull);
    uint64_t tail = atomic_load(at64(unit, QUEUE_TAIL)) / 16;

    for (; unit->head != tail; unit->head = (unit->head + 1) % VTD_QUEUE_ENTRIES) {
        const uint64_t *entry = queue + 2 * (uint64_t)unit->head;

        switch (entry[0] & 0xf) {
        case 1:
            unit->contexts_forgotten += (entry[0] >> 4 & 3) == 1;
            break;
        case 2:
        case 4:
            break;
        case 5:
            atomic_store((_Atomic uint32_t *)arch_phys_to_ptr(entry[1]),
                         (uint32_t)(entry[0] >> 32));
            break;
        default:
            unit->wrong = "an order that is none";
        }
    }
}

/* 11.4.4: of a command, what differs from the states is to be done, and may be one thing only. */
static void obey(struct unit *unit)
{
    uint32_t command = atomic_load(at32(unit, COMMAND));
    uint32_t status = atomic_load(at32(unit, STATUS));
    uint32_t changes = ((command ^ status) & STATES) | (command & ONCE);

    if (command == UINT32_MAX || changes == 0) {
        return; /* nothing was written */
    }
    if ((changes & (changes - 1)) != 0) {
        unit->wrong = "more than one bit at a time";
    }
    if ((changes & QUEUED) != 0) {
        unit->head = 0;
    }
    uint32_t once = command & ONCE;

    atomic_store(at32(unit, COMMAND), UINT32_MAX);
    atomic_store(at32(unit, STATUS), (status & ~STATES) | (command & STATES) | once);
}

static void *run(void *unused)
{
    (void)unused;
    while (!atomic_load(&is_over)) {
        for (uint32_t i = 0; i < UNITS; i++) {
            obey(&units[i]);
            if ((atomic_load(at32(&units[i], STATUS)) & QUEUED) != 0) {
                work_off(&units[i]);
            }
            uint32_t protected = atomic_load(at32(&units[i], PROTECTED));

            if ((protected & TRANSLATION) == 0 && protected != 0) {
                atomic_store(at32(&units[i], PROTECTED), 0);
            }
        }
    }
    return NULL;
}

/* --- What the units' files ask of the kernel ------------------------------------------------------- */

struct arch_clock arch_clock = { 0, 1u << 20 }; /* slow: who waits is patient */

void *paging_map_device(phys_t phys, uint64_t size_bytes)
{
    (void)size_bytes;
    return units[phys / PAGE].registers;
}

phys_t boot_plan_take(struct boot_plan *from, uint64_t size_bytes, uint64_t align_bytes,
                      phys_t below)
{
    (void)from;
    (void)below;
    void *page = page_count < PAGES_MAX ? aligned_alloc(align_bytes, size_bytes) : NULL;

    if (page == NULL) {
        abort();
    }
    memset(page, 0, size_bytes);
    pages[page_count++] = page;
    return arch_ptr_to_phys(page);
}

_Noreturn void arch_panic(const char *text, const char *file, uint32_t line)
{
    fprintf(stderr, "PANIC: %s, %s:%u\n", text, file, line);
    abort();
}

uint32_t lapic_id(void)
{
    return 0;
}

bool lapic_is_x2apic(void)
{
    return false;
}

void lapic_send(uint32_t id, uint32_t vector)
{
    (void)id;
    (void)vector;
}

void ioapic_remap(const uint32_t *sources)
{
    (void)sources;
}

void print_text(const char *text)
{
    (void)text;
}

void print_decimal(const char *before, uint64_t value)
{
    (void)before;
    (void)value;
}

void print_hex(const char *before, uint64_t value, uint32_t digits)
{
    (void)before;
    (void)value;
    (void)digits;
}

/* --- The tests ------------------------------------------------------------------------------------- */

/* Two units, in the states that firmware left them in. */
static void begin(uint32_t states)
{
    memset(&vtd, 0, sizeof(vtd));
    memset(units, 0, sizeof(units));
    facts = (struct acpi_facts){
        .dmar = { .unit_count = UNITS, .covers_all = true, .may_remap_interrupts = true }
    };
    for (uint32_t i = 0; i < UNITS; i++) {
        struct unit *unit = &units[i];

        facts.dmar.units[i].base = (phys_t)i * PAGE;
        /* 256 domains, 39 bits of width and tables, a record at 0x200; coherent, a queue, interrupts. */
        atomic_store(at64(unit, CAPABILITY), 2 | 1 << 9 | 38ull << 16 | 0x20ull << 24);
        atomic_store(at64(unit, EXTENDED), 1 | 2 | 8);
        atomic_store(at32(unit, COMMAND), UINT32_MAX);
        atomic_store(at32(unit, STATUS), states);
        if ((states & QUEUED) != 0) {
            atomic_store(at64(unit, QUEUE), boot_plan_take(&plan, PAGE, PAGE, UINT64_MAX));
        }
        atomic_store(at32(unit, PROTECTED), states != 0 ? TRANSLATION | 1 : 0);
    }
    atomic_store(&is_over, false);
    if (pthread_create(&thread, NULL, run, NULL) != 0) {
        abort();
    }
    vtd_init(&plan, &facts);
}

static void end(void)
{
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
    for (uint32_t i = 0; i < UNITS; i++) {
        CHECK(units[i].wrong == NULL, units[i].wrong);
    }
    while (page_count != 0) {
        free(pages[--page_count]);
    }
}

static void check_started(void)
{
    for (uint32_t i = 0; i < UNITS; i++) {
        CHECK_EQ(atomic_load(at32(&units[i], STATUS)), (STATES | ONCE) & ~OLD_MESSAGES,
                 "it translates, remaps, and lets no message of the old form through");
        CHECK_EQ(atomic_load(at64(&units[i], ROOT)), arch_ptr_to_phys(vtd.root), "by our tables");
        CHECK_EQ(atomic_load(at32(&units[i], PROTECTED)), 0, "what the firmware protected is ours");
    }
}

TEST(units_are_started)
{
    begin(0);
    check_started();
    end();
}

TEST(what_firmware_left_on_is_taken_back)
{
    begin(STATES | ROOT_SET | INTERRUPTS_SET);
    check_started();
    end();
}

TEST(old_messages_alone_are_shut_out)
{
    begin(OLD_MESSAGES);
    check_started();
    end();
}

static const uint64_t *context_of(uint32_t source)
{
    uint64_t root = vtd.root[2 * (uint64_t)(source >> 8)];

    return (root & 1) == 0 ? NULL
                           : (const uint64_t *)arch_phys_to_ptr(root & ~0xfffull) +
                                 2 * (uint64_t)(source & 0xff);
}

static bool is_muted(uint32_t source)
{
    const uint64_t *context = context_of(source);

    return context != NULL && (context[0] & 3) == 2;
}

static void check_attached(uint32_t source, uint32_t domain)
{
    const uint64_t *context = context_of(source);

    CHECK(context != NULL && context[0] == (0x5000 | 1) && context[1] >> 8 == domain,
          "the source is in its domain");
    CHECK_EQ(arch_iommu_domain_of(source), domain, "and the kernel knows");
}

TEST(sources_of_so_many_buses_are_attached)
{
    begin(0);
    for (uint32_t bus = 0; bus < BUSES; bus++) {
        CHECK_EQ(arch_iommu_attach(bus << 8 | 8, 1 + bus, 0x5000), ERR_OK,
                 "there is a table for it");
        CHECK_EQ(arch_iommu_mute(bus << 8 | 16, true), true, "and for others of the bus");
    }
    CHECK_EQ(arch_iommu_attach(BUSES << 8, 99, 0x5000), ERR_NO_MEMORY, "no table is left");
    CHECK_EQ(arch_iommu_mute(BUSES << 8, true), false, "for nobody");
    for (uint32_t bus = 0; bus < BUSES; bus++) {
        check_attached(bus << 8 | 8, 1 + bus);
        CHECK(is_muted(bus << 8 | 16), "it is muted");
    }
    arch_iommu_detach(7 << 8 | 8);
    CHECK_EQ(arch_iommu_attach(BUSES << 8, 99, 0x5000), ERR_OK,
             "a bus without a source gives its table");
    check_attached(BUSES << 8, 99);
    CHECK(context_of(7 << 8) == NULL, "and has none");
    end();
}

/* A device that makes up who it is: each of its names is muted. */
TEST(muted_strays_do_not_keep_tables)
{
    begin(0);
    CHECK_EQ(arch_iommu_attach(0x18, 1, 0x5000), ERR_OK, "a device");
    for (uint32_t bus = 1; bus < BUSES; bus++) {
        CHECK(arch_iommu_mute(bus << 8, true) && arch_iommu_mute(bus << 8 | 255, true), "muted");
    }
    CHECK_EQ(arch_iommu_mute(BUSES << 8, true), false, "for more there is no room");
    for (uint32_t bus = 0; bus < BUSES - 1; bus++) {
        uint32_t before = units[1].contexts_forgotten;

        CHECK_EQ(arch_iommu_attach((100 + bus) << 8 | 8, 2 + bus, 0x5000), ERR_OK,
                 "who is attached comes first");
        check_attached((100 + bus) << 8 | 8, 2 + bus);
        CHECK(units[1].contexts_forgotten > before, "units forgot whose table it was");
    }
    check_attached(0x18, 1);
    for (uint32_t bus = 1; bus < BUSES; bus++) {
        CHECK(context_of(bus << 8) == NULL, "of the strays nothing is left");
    }
    CHECK_EQ(arch_iommu_attach(99 << 8, 99, 0x5000), ERR_NO_MEMORY,
             "all tables have somebody attached");
    end();
}

TEST(sources_come_and_go_at_random)
{
    uint32_t domains[64] = { 0 };

    begin(0);
    for (uint32_t round = 0; round < 1000; round++) {
        uint32_t i = test_random(64);
        uint32_t source = (i * 3) << 8 | 32;

        if (domains[i] != 0) {
            arch_iommu_detach(source);
            domains[i] = 0;
            CHECK_EQ(arch_iommu_domain_of(source), 0, "it is in none");
        } else if (test_random(2) == 0) {
            (void)arch_iommu_mute(source, test_random(4) != 0);
        } else if (arch_iommu_attach(source, 1 + i, 0x5000) == ERR_OK) {
            domains[i] = 1 + i;
        } else {
            uint32_t attached = 0;

            for (uint32_t j = 0; j < 64; j++) {
                attached += domains[j] != 0;
            }
            CHECK_EQ(attached, BUSES, "only who is attached keeps others out");
        }
    }
    for (uint32_t i = 0; i < 64; i++) {
        if (domains[i] != 0) {
            check_attached((i * 3) << 8 | 32, domains[i]);
        } else {
            CHECK_EQ(arch_iommu_domain_of((i * 3) << 8 | 32), 0, "it is in none");
        }
    }
    end();
}
