/* SPDX-License-Identifier: MIT */
/* Places of bits: SDM volume 2, CPUID. What is not named here is not used, whatever a processor offers: PCID, FSGSBASE, PKE, LA57. */
#include "core/processor.h"

#define ID1C_X2APIC (1u << 21)
#define ID1C_TSC_DEADLINE (1u << 24)
#define ID1C_HYPERVISOR (1u << 31)
#define ID7B_SMEP (1u << 7)
#define ID7B_SMAP (1u << 20)
#define ID7C_UMIP (1u << 2)
#define ID8D_NX (1u << 20)
#define ID8D_1G (1u << 26)

#define HZ_LEAST 1000000ull
#define HZ_MOST 100000000000ull

/* Beyond the last leaf some processors repeat another: SDM volume 2, CPUID, "INPUT". */
static struct cpuid_words sifted(const struct cpuid_words *said)
{
    uint32_t last = said->leaf0.a;
    uint32_t last_more = said->more0.a;
    uint32_t last_guest = (said->leaf1.c & ID1C_HYPERVISOR) != 0 ? said->guest0.a : 0;
    const struct cpuid none = { 0 };

    return (struct cpuid_words){
        .leaf0 = said->leaf0,
        .leaf1 = said->leaf1,
        .leaf7 = last >= 7 ? said->leaf7 : none,
        .leaf7_2 = last >= 7 && said->leaf7.a >= 2 ? said->leaf7_2 : none,
        .leaf15 = last >= 0x15 ? said->leaf15 : none,
        .leaf16 = last >= 0x16 ? said->leaf16 : none,
        .guest0 = last_guest != 0 ? said->guest0 : none,
        .guest10 = last_guest >= 0x40000010u ? said->guest10 : none,
        .more1 = last_more >= 0x80000001u ? said->more1 : none,
        .more8 = last_more >= 0x80000008u ? said->more8 : none,
        .more21 = last_more >= 0x80000021u ? said->more21 : none,
    };
}

/* What nobody can mean is not told. */
static uint64_t tsc_hz_told(const struct cpuid_words *id)
{
    uint64_t hz = id->guest10.a * 1000ull; /* VMware's and KVM's */

    if (id->leaf15.a != 0 && id->leaf15.b != 0) {
        uint64_t crystal_hz = id->leaf15.c;
        uint64_t base_mhz = id->leaf16.a & 0xffffu;

        hz = crystal_hz != 0 ? crystal_hz * id->leaf15.b / id->leaf15.a
             : base_mhz != 0 ? base_mhz * 1000000u
                             : hz;
    }
    return hz >= HZ_LEAST && hz <= HZ_MOST ? hz : 0;
}

/* The names are twelve letters in three registers: below GenuineIntel, AuthenticAMD, TCGTCGTCGTCG. */
static bool is_called(const struct cpuid *id, uint32_t b, uint32_t c, uint32_t d)
{
    return id->b == b && id->c == c && id->d == d;
}

static uint64_t cr4_of(const struct cpuid *seven)
{
    return CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT |
           ((seven->b & ID7B_SMEP) != 0 ? CR4_SMEP : 0) |
           ((seven->b & ID7B_SMAP) != 0 ? CR4_SMAP : 0) |
           ((seven->c & ID7C_UMIP) != 0 ? CR4_UMIP : 0);
}

struct processor_choice processor_choose(const struct cpuid_words *said)
{
    struct cpuid_words id = sifted(said);
    struct processor_choice choice = {
        .has_nx = (id.more1.d & ID8D_NX) != 0,
        .has_1g_pages = (id.more1.d & ID8D_1G) != 0,
        .has_x2apic = (id.leaf1.c & ID1C_X2APIC) != 0,
        .by_deadline = (id.leaf1.c & ID1C_TSC_DEADLINE) != 0,
        .physical_bits = (id.more8.a & 0xffu) != 0 ? id.more8.a & 0xffu : 36u,
        .tsc_hz = tsc_hz_told(&id),
        .cr4 = cr4_of(&id.leaf7),
        .facts = {
            .is_intel = is_called(&id.leaf0, 0x756e6547u, 0x6c65746eu, 0x49656e69u),
            .is_amd = is_called(&id.leaf0, 0x68747541u, 0x444d4163u, 0x69746e65u),
            .is_emulated = is_called(&id.guest0, 0x54474354u, 0x43544743u, 0x47435447u),
            .leaf7_b = id.leaf7.b,
            .leaf7_d = id.leaf7.d,
            .leaf7_2_d = id.leaf7_2.d,
            .leaf8_b = id.more8.b,
            .leaf21_a = id.more21.a,
        },
    };

    choice.must_measure = choice.tsc_hz == 0 || !choice.by_deadline;
    return choice;
}
