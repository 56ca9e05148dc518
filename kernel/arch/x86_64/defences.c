/* SPDX-License-Identifier: MIT */
/*
 * Defences against speculation: what the processor says of itself, what is switched on once for each core, and what is done when
 * the address space changes. No entry, exit or change of the space has an instruction more while nothing is chosen. docs/kernel/hardening.md
 */
#include <stdatomic.h>

#include "arch_private.h"
#include "core/command_line.h"
#include "core/core.h"
#include "core/print.h"
#include "core/speculation.h"
#include "cpu.h"
#include "offsets.h"

#define MSR_SPEC_CTRL 0x48u
#define MSR_PRED_CMD 0x49u
#define SPEC_CTRL_IBRS (1ull << 0)
#define SPEC_CTRL_BHI_DIS_S (1ull << 10)
#define PRED_CMD_IBPB 1ull
#define EFER_AUTO_IBRS (1ull << 21)

#define JUMP 0xe9u /* with a distance of four bytes from behind it */

uint32_t defences_on;

static void print_names(const char *before, uint32_t set)
{
    if (set == 0) {
        return;
    }
    print_text(before);
    for (uint32_t i = 0; i < SPECULATION_COUNT; i++) {
        if ((set & 1u << i) != 0) {
            print_text(" ");
            print_text(speculation_name(i));
        }
    }
    print_text("\n");
}

static void ways_change(void)
{
    for (const struct way *way = arch_ways; (uintptr_t)way < (uintptr_t)arch_ways_end; way++) {
        uint64_t to = (defences_on & SPECULATION_BHB_LOOP) != 0 ? way->bhb : 0;

        if ((defences_on & (SPECULATION_PTI | SPECULATION_VERW)) != 0 && to == 0) {
            to = way->verw;
        }
        to = defences_has_pti() && way->pti != 0 ? way->pti : to;
        uint64_t distance = to - (way->place + 5);
        uint8_t *at = arch_phys_to_ptr(way->place - KERNEL_OFFSET);

        at[0] = to != 0 ? JUMP : at[0];
        for (uint32_t i = 0; i < 4 && to != 0; i++) {
            at[1 + i] = (uint8_t)(distance >> 8 * i);
        }
    }
}

void defences_choose(const char *command_line)
{
    struct speculation_choice choice;
    char wish[64];
    bool has_wish = command_line_get(command_line, "mitigations", wish, sizeof(wish));

    choice = speculation_choose(&cpu_choice.facts, has_wish ? wish : NULL);
    defences_on = choice.on;
    ways_change();
    if (choice.is_garbled) {
        print_text("mitigations=: write off, auto, or some of "
                   "pti,retpoline,eibrs,ibpb,rsb,verw,bhb,bhbloop; what this processor needs is "
                   "switched on as well\n");
    }
    print_names("Pith: defences against speculation:", choice.on);
    print_names("Pith: needed or asked for, but this processor or this kernel has them not:",
                choice.missing);
}

void defences_init(struct core *core)
{
    uint64_t control = 0;

    if ((defences_on & SPECULATION_EIBRS) != 0 && cpu_choice.facts.is_amd) {
        msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_AUTO_IBRS);
    } else if ((defences_on & SPECULATION_EIBRS) != 0) {
        control |= SPEC_CTRL_IBRS;
    }
    if ((defences_on & SPECULATION_BHB) != 0) {
        control |= SPEC_CTRL_BHI_DIS_S;
    }
    if (control != 0) {
        msr_write(MSR_SPEC_CTRL, msr_read(MSR_SPEC_CTRL) | control);
    }
    if ((defences_on & SPECULATION_AT_SWITCH) != 0) {
        core->arch.gs_base = GS_BASE_UNKNOWN;
    }
}

void defences_at_switch(struct core *core, phys_t root)
{
    /* Relaxed: only a space that nobody runs in is taken back elsewhere. */
    if (atomic_exchange_explicit(&core->arch.guarded_root, root, memory_order_relaxed) == root) {
        return;
    }
    if ((defences_on & SPECULATION_IBPB) != 0) {
        msr_write(MSR_PRED_CMD, PRED_CMD_IBPB);
    }
    if ((defences_on & SPECULATION_RSB) != 0) {
        arch_rsb_fill();
    }
}
