/* SPDX-License-Identifier: MIT */
/* Which cores run beside a boot core: invented pairs. */
#include "many/same.h"

#include <stddef.h>
#include <string.h>

#include "host_test/test.h"

static const struct processor_choice xeon = {
    .has_nx = true,
    .has_1g_pages = true,
    .has_x2apic = true,
    .by_deadline = true,
    .physical_bits = 46,
    .tsc_hz = 2000000000u,
    .cr4 = CR4_PAE | CR4_SMEP | CR4_SMAP | CR4_UMIP,
    .facts = { .is_intel = true,
               .leaf7_b = 1u << 11,
               .leaf7_d = 1u << 10 | 1u << 26,
               .leaf7_2_d = 0x10,
               .capabilities = 0xe12b },
};

static bool differs(const struct processor_choice *own, const char *word)
{
    const char *why = core_differs(&xeon, own);

    return why != NULL && strstr(why, word) != NULL;
}

TEST(a_core_that_is_the_same_is_taken)
{
    CHECK(core_differs(&xeon, &xeon) == NULL, "nothing differs");
}

TEST(a_core_that_has_less_is_left_out)
{
    struct processor_choice own;

    for (uint64_t bits = CR4_SMEP | CR4_SMAP | CR4_UMIP; bits != 0; bits &= bits - 1) {
        own = xeon;
        own.cr4 &= ~(bits & -bits);
        CHECK(differs(&own, "SMEP"), "each bit of protection counts");
    }
    own = xeon;
    own.has_nx = false;
    CHECK(differs(&own, "NX"), "so does NX");
    own = xeon;
    own.has_1g_pages = false;
    CHECK(differs(&own, "1 GiB"), "the map of all memory has such pages");
    own = xeon;
    own.has_x2apic = false;
    CHECK(differs(&own, "APIC"), "registers are where the boot core's are");
    own = xeon;
    own.by_deadline = false;
    CHECK(differs(&own, "APIC"), "and so is the timer");
    own = xeon;
    own.physical_bits--;
    CHECK(differs(&own, "addresses"), "some memory would be out of its reach");
    own = xeon;
    own.tsc_hz++;
    CHECK(differs(&own, "clock"), "time is one for all");
}

TEST(a_core_that_has_more_is_taken)
{
    struct processor_choice boot = xeon;

    boot.cr4 &= ~(uint64_t)CR4_SMAP;
    boot.has_1g_pages = false;
    boot.has_x2apic = false;
    boot.by_deadline = false;
    boot.physical_bits--;
    CHECK(core_differs(&boot, &xeon) == NULL, "what is more is not used");
}

TEST(a_core_with_other_needs_against_speculation_is_left_out)
{
    struct processor_choice own;

    for (uint32_t bit = 0; bit < 29; bit++) {
        own = xeon;
        own.facts.capabilities ^= 1ull << bit;
        bool counts = 1u << bit & (1u << 0 | 1u << 1 | 1u << 8 | 1u << 17 | 1u << 20 | 1u << 28);

        if (counts &&
            bit != 17) { /* by itself that is no need: the other bits say that nothing is stale */
            CHECK(differs(&own, "speculation"), "a flaw that the boot core has not");
        }
    }
    own = xeon;
    own.facts.leaf7_2_d = 0;
    CHECK(differs(&own, "speculation"), "microcode that cannot do what the boot core's can");
    own = xeon;
    own.facts.leaf7_d &= ~(1u << 26);
    CHECK(differs(&own, "speculation"), "a register that is not there");
    own = xeon;
    own.facts.is_intel = false;
    own.facts.is_amd = true;
    CHECK(differs(&own, "speculation"), "another maker's");
}
