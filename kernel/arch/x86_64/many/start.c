/* SPDX-License-Identifier: MIT */
/* Starting the other cores, one after the other. One that does not come up is left out, with a word about it. */
#include <stdatomic.h>

#include "arch/arch.h"
#include "arch_private.h"
#include "core/alone.h"
#include "core/boot.h"
#include "core/core.h"
#include "core/print.h"
#include "cpu.h"
#include "many/locked.h"
#include "many/same.h"
#include "offsets.h"

#define NS_PER_MS 1000000u
#define ID1C_XSAVE (1u << 26)

/* SDM volume 3, 8.4.4.1: 10 ms after INIT, which processors of this century do not need; a second start after 200 us. */
#define SECOND_START_NS (NS_PER_MS / 5u)
#define START_PATIENCE_NS (2000u * NS_PER_MS) /* an emulator has more cores than its host */

enum core_start { START_WAIT, START_GO, START_LEFT_OUT };

struct others {
    uint32_t count;
    struct core *cores[ARCH_CORES]; /* from 1 on */
    struct cpuid fpu[2];            /* the boot core's words about what its FPU holds */
    const char *differs; /* what is wrong with the one that came up last; NULL: nothing */
};
static struct others others;
struct others_begin others_begin;
static _Atomic(struct core *) others_up; /* the one that came up last */

/* Everything that it needs, in memory of its own; the stack has nothing below it. */
static struct core *core_make(struct boot_plan *plan, uint32_t apic_id)
{
    uint64_t core_bytes = (sizeof(struct core) + 4095u) & ~4095ull;
    struct arch_entry *entry = arch_phys_to_ptr(
        boot_plan_take(plan, sizeof(struct arch_entry) + core_bytes, 4096, UINT64_MAX));
    struct core *core = (struct core *)(void *)(entry + 1);
    phys_t stack = boot_plan_take(plan, ARCH_STACK_BYTES, 4096, UINT64_MAX);
    uint8_t *ist =
        arch_phys_to_ptr(boot_plan_take(plan, ARCH_IST_STACKS * ARCH_IST_BYTES, 4096, UINT64_MAX));

    if (defences_has_pti()) {
        paging_show(plan, entry, core);
        paging_show(plan, ist, ist + ARCH_IST_STACKS * ARCH_IST_BYTES);
    }
    core->arch.self = core;
    core->arch.apic_id = apic_id;
    core->arch.root = paging_kernel_root;
    core->arch.stack_top = (uintptr_t)paging_map_stack(stack, ARCH_STACK_BYTES) + ARCH_STACK_BYTES;
    core->arch.ist_stacks = ist;
    core->arch.own_lock = true; /* who starts it has all locks */
    return core;
}

/* CPUID 1 says whether there is XSAVE, 0dh what it saves. */
static void fpu_ask(struct cpuid words[2])
{
    bool has_xsave = (cpu_id(1, 0).c & ID1C_XSAVE) != 0;

    words[0] = has_xsave ? cpu_id(0xd, 0) : (struct cpuid){ 0 };
    words[1] = has_xsave ? cpu_id(0xd, 1) : (struct cpuid){ 0 };
}

static const char *what_differs(void)
{
    struct processor_choice own = cpu_ask();
    struct cpuid fpu[2];

    fpu_ask(fpu);
    if (others.fpu[0].a != fpu[0].a || others.fpu[0].d != fpu[0].d || others.fpu[1].a != fpu[1].a) {
        return "its FPU has other registers";
    }
    return core_differs(&cpu_choice, &own);
}

void cores_prepare(struct boot_plan *plan, const struct acpi_facts *facts)
{
    uint32_t own = lapic_id();

    fpu_ask(others.fpu);
    plan->core->arch.apic_id = own;
    others.count = 1;
    for (uint32_t i = 0; i < facts->core_count && others.count < ARCH_CORES; i++) {
        if (facts->apic_ids[i] != own) {
            others.cores[others.count++] = core_make(plan, facts->apic_ids[i]);
        }
    }
}

/* Who comes up too late is not of the machine, and stays as it is. */
static void wait_to_go(struct core *core)
{
    uint32_t start;

    /* Acquire: pairs with the release in cores_start(). */
    while ((start = atomic_load_explicit(&core->arch.start, memory_order_acquire)) != START_GO) {
        if (start == START_LEFT_OUT) {
            cpu_halt();
        }
        cpu_pause();
    }
}

/* On the other core. It is idle until somebody gives it work. */
_Noreturn void arch_start_other(struct core *core)
{
    others.differs = what_differs();
    if (others.differs != NULL) {
        /* Release: pairs with the acquire in is_up(). It is in no list: nobody sends it anything. */
        atomic_store_explicit(&others_up, core, memory_order_release);
        for (;;) {
            cpu_halt();
        }
    }
    cpu_init(core, core->arch.stack_top, core->arch.ist_stacks);
    traps_load();
    fpu_init();
    lapic_init_other();
    lapic_timer_on(cpu_choice.by_deadline);
    /* Release: pairs with the acquire in is_up(). */
    atomic_store_explicit(&others_up, core, memory_order_release);
    wait_to_go(core);
    arch_start_first(core->arch.stack_top);
}

static bool is_up(const struct core *core, uint64_t patience_ns)
{
    ns_t end = arch_now() + patience_ns;

    do {
        if (atomic_load_explicit(&others_up, memory_order_acquire) == core) {
            return true;
        }
        cpu_pause();
    } while (arch_now() < end);
    return false;
}

static bool core_start(struct core *core)
{
    others_begin = (struct others_begin){ paging_kernel_root, core->arch.stack_top, core };
    lapic_send_init(core->arch.apic_id);
    lapic_send_start(core->arch.apic_id, OTHERS_START);
    if (is_up(core, SECOND_START_NS)) {
        return true;
    }
    lapic_send_start(core->arch.apic_id, OTHERS_START);
    return is_up(core, START_PATIENCE_NS);
}

/* The lock is held meanwhile, so that they wait until the first program may run. */
void cores_start(struct core *core)
{
    uint8_t *place = arch_phys_to_ptr(OTHERS_START);
    ns_t begin_ns = arch_now();

    core->has_all = false; /* until now there was nobody to have a lock */
    kernel_enter(core);
    for (uint32_t i = 0; &others_code[i] < others_code_end; i++) {
        place[i] = others_code[i];
    }
    for (uint32_t i = 1; i < others.count; i++) {
        core_join(core->machine, others.cores[i]);
        others.cores[i]->has_all = false;
        if (!core_start(others.cores[i])) {
            atomic_store_explicit(&others.cores[i]->arch.start, START_LEFT_OUT,
                                  memory_order_relaxed);
            core_part(core->machine);
            print_decimal("The core with APIC ", others.cores[i]->arch.apic_id);
            print_text(" did not start: it and those after it are left out.\n");
            break;
        }
        if (others.differs == NULL) {
            /* Release: pairs with the acquire in wait_to_go(). */
            atomic_store_explicit(&others.cores[i]->arch.start, START_GO, memory_order_release);
        } else {
            core_part(core->machine);
            print_decimal("The core with APIC ", others.cores[i]->arch.apic_id);
            print_text(" is left out: ");
            print_text(others.differs);
            print_text(".\n");
        }
    }
    print_decimal("Pith: ", core->machine->core_count);
    print_decimal(" cores, the others started in ", (arch_now() - begin_ns) / 1000u);
    print_text(" us\n");
    kernel_leave(core);
}

/* By NMI: they may wait for a lock with interrupts off. */
static void stop_others(void)
{
    const struct machine *machine = core_this()->machine;

    for (uint32_t i = 0; machine != NULL && i < machine->core_count; i++) {
        if (machine->cores[i] != core_this()) {
            lapic_send_nmi(machine->cores[i]->arch.apic_id);
        }
    }
}

void cores_claim_panic(void)
{
    static _Atomic(struct core *) claimed_by;
    struct core *first = NULL;

    if (others.count <= 1) {
        return; /* and perhaps nothing is set up yet that says which core this is */
    }
    /* Relaxed: nothing is handed over. */
    if (atomic_compare_exchange_strong_explicit(&claimed_by, &first, core_this(),
                                                memory_order_relaxed, memory_order_relaxed)) {
        stop_others();
        return;
    }
    while (first != core_this()) {
        cpu_halt();
    }
}
