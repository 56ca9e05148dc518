/* SPDX-License-Identifier: MIT */
/*
 * A core may have more than the boot core, which is then not used. It may not have less, nor need defences against speculation
 * that the boot core does not.
 */
#include "many/same.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/speculation.h"

static bool speculates_alike(const struct processor_choice *boot,
                             const struct processor_choice *own, const char *wish)
{
    struct speculation_choice one = speculation_choose(&boot->facts, wish);
    struct speculation_choice other = speculation_choose(&own->facts, wish);

    return one.on == other.on && one.missing == other.missing;
}

const char *core_differs(const struct processor_choice *boot, const struct processor_choice *own)
{
    if ((boot->cr4 & ~own->cr4) != 0) {
        return "it lacks SMEP, SMAP or UMIP";
    }
    if (boot->has_nx && !own->has_nx) {
        return "it lacks NX";
    }
    if (boot->has_1g_pages && !own->has_1g_pages) {
        return "it lacks pages of 1 GiB";
    }
    if (own->physical_bits < boot->physical_bits) {
        return "its physical addresses are shorter";
    }
    if ((boot->has_x2apic && !own->has_x2apic) || (boot->by_deadline && !own->by_deadline)) {
        return "its local APIC lacks x2APIC or the timer by deadline";
    }
    if (own->tsc_hz != boot->tsc_hz) {
        return "its clock has another frequency";
    }
    /* What each needs, and what each can be told. */
    if (!speculates_alike(boot, own, NULL) || !speculates_alike(boot, own, "eibrs,ibpb,bhb") ||
        boot->facts.is_amd != own->facts.is_amd) {
        return "it needs or has other defences against speculation";
    }
    return NULL;
}
