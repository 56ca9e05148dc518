/* SPDX-License-Identifier: MIT */
/*
 * Machine checks: what the processor finds wrong with itself, its caches or memory (SDM volume 3, chapter 15). They end in a panic, which
 * prints what the banks of registers say of it; nothing is mended.
 */
#include "arch_private.h"
#include "core/print.h"
#include "cpu.h"

#define MSR_MCG_CAP 0x179u
#define MSR_MCG_STATUS 0x17au
#define MSR_MCG_CTL 0x17bu
#define MSR_BANK_CTL 0x400u /* of bank 0; each has four: control, status, address, more */
#define BANK_MSRS 4u
#define BANKS_MAX 32u

#define ID1D_MCA (1u << 14)
#define CAP_BANKS 0xffu
#define CAP_HAS_CTL (1u << 8)
#define STATUS_VALID (1ull << 63)
#define STATUS_HAS_MORE (1ull << 59)
#define STATUS_HAS_ADDRESS (1ull << 58)

static uint32_t bank_count(void)
{
    bool has_them = (cpu_id(1, 0).d & ID1D_MCA) != 0;
    uint32_t count = has_them ? (uint32_t)msr_read(MSR_MCG_CAP) & CAP_BANKS : 0;

    return count < BANKS_MAX ? count : BANKS_MAX;
}

/* Every kind of error is told. The states are left: after a reset they may say why it came. */
void machine_check_init(void)
{
    uint32_t count = bank_count();

    if (count != 0 && (msr_read(MSR_MCG_CAP) & CAP_HAS_CTL) != 0) {
        msr_write(MSR_MCG_CTL, UINT64_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        msr_write(MSR_BANK_CTL + BANK_MSRS * i, UINT64_MAX);
    }
}

static void bank_print(uint32_t number)
{
    uint32_t first = MSR_BANK_CTL + BANK_MSRS * number;
    uint64_t status = msr_read(first + 1);

    if ((status & STATUS_VALID) == 0) {
        return;
    }
    print_decimal("  bank ", number);
    print_hex(" status ", status, 16);
    if ((status & STATUS_HAS_ADDRESS) != 0) {
        print_hex(" address ", msr_read(first + 2), 16);
    }
    if ((status & STATUS_HAS_MORE) != 0) {
        print_hex(" more ", msr_read(first + 3), 16);
    }
    print_text("\n");
}

void machine_check_print(void)
{
    uint32_t count = bank_count();

    if (count == 0) {
        return;
    }
    print_hex("Machine check, state ", msr_read(MSR_MCG_STATUS), 16);
    print_text(":\n");
    for (uint32_t i = 0; i < count; i++) {
        bank_print(i);
    }
}
