/* SPDX-License-Identifier: MIT */
/* Which paths are taken on processors that no test here runs on: all are invented, leaf by leaf. */
#include "core/processor.h"

#include <string.h>

#include "host_test/test.h"

#define X2APIC (1u << 21)       /* leaf 1: ecx */
#define TSC_DEADLINE (1u << 24) /* leaf 1: ecx */
#define GUEST (1u << 31)        /* leaf 1: ecx */
#define PCID (1u << 17)         /* leaf 1: ecx */
#define SMEP (1u << 7)          /* leaf 7: ebx */
#define SMAP (1u << 20)         /* leaf 7: ebx */
#define UMIP (1u << 2)          /* leaf 7: ecx */
#define NX (1u << 20)           /* leaf 80000001h: edx */
#define PAGES_1G (1u << 26)     /* leaf 80000001h: edx */

#define CR4_ALWAYS (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define CR4_MAY (CR4_ALWAYS | CR4_SMEP | CR4_SMAP | CR4_UMIP)

enum vendor { INTEL, AMD, HYGON };
static const struct cpuid names[] = {
    [INTEL] = { 0, 0x756e6547, 0x6c65746e, 0x49656e69 }, /* ebx, edx and ecx spell it */
    [AMD] = { 0, 0x68747541, 0x444d4163, 0x69746e65 },
    [HYGON] = { 0, 0x6f677948, 0x656e6975, 0x6e65476e },
};

/* Leaves; those that exist are up to the last of their range. */
struct invented {
    const char *name;
    enum vendor vendor;
    uint32_t last, last_more, last_guest; /* less their 80000000h and 40000000h */
    struct cpuid one, seven, seven_2, ratio, mhz, guest_name, guest_tsc, more_1, more_8, more_21;
};

/* Beyond its last leaf a processor says nothing (AMD), or what stands in another (Intel): at its worst all bits, or what can be believed. */
static const uint32_t beyonds[] = { 0, UINT32_MAX, 2994374 };
#define BEYONDS (sizeof(beyonds) / sizeof(beyonds[0]))

static struct processor_choice choice_of(const struct invented *cpu, uint32_t beyond)
{
    const struct cpuid other = { beyond, beyond, beyond, beyond };
    bool is_guest = (cpu->one.c & GUEST) != 0;
    bool is_named = is_guest || cpu->guest_name.b != 0;
    struct cpuid_words said = {
        .leaf0 = names[cpu->vendor],
        .leaf1 = cpu->one,
        .leaf7 = cpu->last >= 7 ? cpu->seven : other,
        .leaf7_2 = cpu->last >= 7 && cpu->seven.a >= 2 ? cpu->seven_2 : other,
        .leaf15 = cpu->last >= 0x15 ? cpu->ratio : other,
        .leaf16 = cpu->last >= 0x16 ? cpu->mhz : other,
        .guest0 = is_named ? cpu->guest_name : other,
        .guest10 = is_guest && cpu->last_guest >= 0x10 ? cpu->guest_tsc : other,
        .more0 = names[cpu->vendor],
        .more1 = cpu->last_more >= 1 ? cpu->more_1 : other,
        .more8 = cpu->last_more >= 8 ? cpu->more_8 : other,
        .more21 = cpu->last_more >= 0x21 ? cpu->more_21 : other,
    };

    said.leaf0.a = cpu->last;
    said.more0.a = 0x80000000u + cpu->last_more;
    if (is_named) {
        said.guest0.a = 0x40000000u + cpu->last_guest;
    }
    return processor_choose(&said);
}

/* As they were sold, and what virtual machines show. */
static const struct invented nocona = { .name = "64-bit Xeon of 2004",
                                        .vendor = INTEL,
                                        .last = 5,
                                        .last_more = 8,
                                        .more_8 = { .a = 0x3024 } };
static const struct invented k8 = { .name = "Opteron of 2003",
                                    .vendor = AMD,
                                    .last = 1,
                                    .last_more = 0x18,
                                    .more_1 = { .d = NX },
                                    .more_8 = { .a = 0x3028 } };
static const struct invented core2 = { .name = "Core 2, its firmware lets it say 3 leaves",
                                       .vendor = INTEL,
                                       .last = 3,
                                       .last_more = 8,
                                       .more_1 = { .d = NX },
                                       .more_8 = { .a = 0x3024 } };
static const struct invented skylake = { .name = "Skylake: a ratio without its crystal",
                                         .vendor = INTEL,
                                         .last = 0x16,
                                         .last_more = 8,
                                         .one = { .c = X2APIC | TSC_DEADLINE | PCID },
                                         .seven = { .b = SMEP | SMAP, .d = 1u << 26 | 1u << 10 },
                                         .ratio = { 2, 216, 0, 0 },
                                         .mhz = { .a = 2600 },
                                         .more_1 = { .d = NX | PAGES_1G },
                                         .more_8 = { .a = 0x3027 } };
static const struct invented cascade_lake = {
    .name = "Cascade Lake: leaf 7 has one part",
    .vendor = INTEL,
    .last = 0x16,
    .last_more = 8,
    .one = { .c = X2APIC | TSC_DEADLINE | PCID },
    .seven = { .b = SMEP | SMAP | 1u << 11, .c = UMIP, .d = 1u << 26 | 1u << 10 },
    .ratio = { 2, 168, 25000000, 0 },
    .more_1 = { .d = NX | PAGES_1G },
    .more_8 = { .a = 0x302e }
};
static const struct invented sapphire_rapids = {
    .name = "Sapphire Rapids",
    .vendor = INTEL,
    .last = 0x20,
    .last_more = 8,
    .one = { .c = X2APIC | TSC_DEADLINE | PCID },
    .seven = { .a = 2, .b = SMEP | SMAP, .c = UMIP, .d = 1u << 26 | 1u << 29 },
    .seven_2 = { .d = 0x10 },
    .ratio = { 2, 160, 25000000, 0 },
    .mhz = { .a = 1900 },
    .more_1 = { .d = NX | PAGES_1G },
    .more_8 = { .a = 0x3934 }
};
static const struct invented zen4 = { .name = "Zen 4",
                                      .vendor = AMD,
                                      .last = 0x10,
                                      .last_more = 0x28,
                                      .one = { .c = X2APIC | PCID },
                                      .seven = { .a = 1, .b = SMEP | SMAP, .c = UMIP },
                                      .more_1 = { .d = NX | PAGES_1G },
                                      .more_8 = { .a = 0x3030, .b = 1u << 12 },
                                      .more_21 = { .a = 1u << 8 } };
static const struct invented kvm = { .name = "a guest of KVM that is told the frequency",
                                     .vendor = AMD,
                                     .last = 0xd,
                                     .last_more = 0x1f,
                                     .last_guest = 0x10,
                                     .one = { .c = X2APIC | TSC_DEADLINE | GUEST },
                                     .seven = { .b = SMEP },
                                     .guest_name = { 0, 0x4b4d564b, 0x564b4d56, 0x4d },
                                     .guest_tsc = { .a = 2994374 },
                                     .more_1 = { .d = NX },
                                     .more_8 = { .a = 0x3028 } };
static const struct invented tcg = { .name = "QEMU's max by TCG",
                                     .vendor = AMD,
                                     .last = 0xd,
                                     .last_more = 0x0a,
                                     .last_guest = 1,
                                     .one = { .c = GUEST },
                                     .seven = { .b = SMEP | SMAP, .c = UMIP },
                                     .guest_name = { 0, 0x54474354, 0x43544743, 0x47435447 },
                                     .more_1 = { .d = NX | PAGES_1G },
                                     .more_8 = { .a = 0x3028 } };

TEST(each_processor_goes_the_way_that_it_has)
{
    static const struct {
        const struct invented *cpu;
        bool has_nx, has_1g, by_x2apic, by_deadline, must_measure;
        uint64_t tsc_hz, cr4;
        uint32_t bits;
    } cases[] = {
        { &nocona, false, false, false, false, true, 0, CR4_ALWAYS, 36 },
        { &k8, true, false, false, false, true, 0, CR4_ALWAYS, 40 },
        { &core2, true, false, false, false, true, 0, CR4_ALWAYS, 36 },
        { &skylake, true, true, true, true, false, 2600000000, CR4_ALWAYS | CR4_SMEP | CR4_SMAP,
          39 },
        { &cascade_lake, true, true, true, true, false, 2100000000, CR4_MAY, 46 },
        { &sapphire_rapids, true, true, true, true, false, 2000000000, CR4_MAY, 52 },
        { &zen4, true, true, true, false, true, 0, CR4_MAY, 48 },
        { &kvm, true, false, true, true, false, 2994374000, CR4_ALWAYS | CR4_SMEP, 40 },
        { &tcg, true, true, false, false, true, 0, CR4_MAY, 40 },
    };

    for (uint32_t i = 0; i < BEYONDS * sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = cases[i / BEYONDS].cpu->name;
        struct processor_choice choice = choice_of(cases[i / BEYONDS].cpu, beyonds[i % BEYONDS]);

        CHECK_EQ(choice.has_nx, cases[i / BEYONDS].has_nx, name);
        CHECK_EQ(choice.has_1g_pages, cases[i / BEYONDS].has_1g, name);
        CHECK_EQ(processor_takes_x2apic(&choice, false, false), cases[i / BEYONDS].by_x2apic, name);
        CHECK_EQ(choice.by_deadline, cases[i / BEYONDS].by_deadline, name);
        CHECK_EQ(choice.must_measure, cases[i / BEYONDS].must_measure, name);
        CHECK_EQ(choice.tsc_hz, cases[i / BEYONDS].tsc_hz, name);
        CHECK_EQ(choice.cr4, cases[i / BEYONDS].cr4, name);
        CHECK_EQ(choice.physical_bits, cases[i / BEYONDS].bits, name);
    }
}

/* Each feature alone, on the least processor that can say it, and all but it: nothing else comes or goes with it. */
TEST(one_feature_changes_one_thing)
{
    enum {
        HAS_X2APIC,
        HAS_DEADLINE,
        HAS_SMEP,
        HAS_SMAP,
        HAS_UMIP,
        HAS_NX,
        HAS_1G,
        HAS_PCID,
        COUNT
    };

    for (uint32_t i = 0; i < 2 * COUNT; i++) {
        uint32_t set = i % 2 == 0 ? 1u << i / 2 : ~(1u << i / 2);
        struct invented cpu = { .last = 7, .last_more = 1 };

        cpu.one.c = (set >> HAS_X2APIC & 1) * X2APIC | (set >> HAS_DEADLINE & 1) * TSC_DEADLINE |
                    (set >> HAS_PCID & 1) * PCID;
        cpu.seven.b = (set >> HAS_SMEP & 1) * SMEP | (set >> HAS_SMAP & 1) * SMAP;
        cpu.seven.c = (set >> HAS_UMIP & 1) * UMIP;
        cpu.more_1.d = (set >> HAS_NX & 1) * NX | (set >> HAS_1G & 1) * PAGES_1G;
        struct processor_choice choice = choice_of(&cpu, UINT32_MAX);
        uint64_t cr4 = CR4_ALWAYS | (set >> HAS_SMEP & 1) * CR4_SMEP |
                       (set >> HAS_SMAP & 1) * CR4_SMAP | (set >> HAS_UMIP & 1) * CR4_UMIP;

        CHECK_EQ(choice.has_x2apic, set >> HAS_X2APIC & 1, "x2APIC");
        CHECK_EQ(choice.by_deadline, set >> HAS_DEADLINE & 1, "the timer");
        CHECK_EQ(choice.cr4, cr4, "CR4: with PCID, too");
        CHECK_EQ(choice.has_nx, set >> HAS_NX & 1, "NX");
        CHECK_EQ(choice.has_1g_pages, set >> HAS_1G & 1, "pages of 1 GiB");
        CHECK(choice.must_measure, "nobody tells a frequency");
        CHECK_EQ(choice.physical_bits, 36, "no leaf says more");
    }
}

static const struct {
    const char *why;
    uint32_t last, last_guest, flags;
    struct cpuid ratio;
    uint32_t mhz, guest_khz;
    uint64_t hz;
} frequencies[] = {
    { "crystal and ratio", 0x15, 0, 0, { 2, 160, 25000000, 0 }, 0, 0, 2000000000 },
    { "the crystal counts more than the base",
      0x16,
      0,
      0,
      { 2, 146, 38400000, 0 },
      2400,
      0,
      2803200000 },
    { "the base where there is no crystal", 0x16, 0, 0, { 2, 216, 0, 0 }, 2600, 0, 2600000000 },
    { "upper bits of the base are reserved",
      0x16,
      0,
      0,
      { 2, 216, 0, 0 },
      0xabcd0a28,
      0,
      2600000000 },
    { "a ratio alone", 0x15, 0, 0, { 2, 216, 0, 0 }, 2600, 0, 0 },
    { "no divisor", 0x16, 0, 0, { 0, 216, 24000000, 0 }, 2600, 0, 0 },
    { "no factor", 0x16, 0, 0, { 2, 0, 24000000, 0 }, 2600, 0, 0 },
    { "leaf 15h lies beyond the last", 0x14, 0, 0, { 2, 160, 25000000, 0 }, 2600, 0, 0 },
    { "slower than any", 0x16, 0, 0, { 1000000, 1, 24000000, 0 }, 2600, 0, 0 },
    { "faster than any", 0x16, 0, 0, { 1, 0xffffffff, 0xffffffff, 0 }, 2600, 0, 0 },
    { "the hypervisor tells", 0xd, 0x10, GUEST, { 0 }, 0, 2994374, 2994374000 },
    { "the hypervisor has not that leaf", 0xd, 0x0f, GUEST, { 0 }, 0, 2994374, 0 },
    { "there is no hypervisor", 0xd, 0x10, 0, { 0 }, 0, 2994374, 0 },
    { "the hypervisor tells nothing", 0xd, 0x10, GUEST, { 0 }, 0, 0, 0 },
    { "the processor counts more than the hypervisor",
      0x15,
      0x10,
      GUEST,
      { 2, 160, 25000000, 0 },
      0,
      2994374,
      2000000000 },
    { "half a word of the processor does not",
      0x15,
      0x10,
      GUEST,
      { 2, 160, 0, 0 },
      0,
      2994374,
      2994374000 },
};

TEST(a_frequency_is_believed_if_it_can_be_one)
{
    for (uint32_t i = 0; i < sizeof(frequencies) / sizeof(frequencies[0]); i++) {
        struct invented cpu = { .vendor = INTEL,
                                .last = frequencies[i].last,
                                .last_guest = frequencies[i].last_guest,
                                .one = { .c = frequencies[i].flags | TSC_DEADLINE },
                                .ratio = frequencies[i].ratio,
                                .mhz = { .a = frequencies[i].mhz },
                                .guest_tsc = { .a = frequencies[i].guest_khz } };
        struct processor_choice choice = choice_of(&cpu, 2994374);

        CHECK_EQ(choice.tsc_hz, frequencies[i].hz, frequencies[i].why);
        CHECK_EQ(choice.must_measure, frequencies[i].hz == 0, frequencies[i].why);
        cpu.one.c &= ~TSC_DEADLINE;
        CHECK(choice_of(&cpu, 0).must_measure, "the timer counts at a frequency of its own");
    }
}

TEST(x2apic_is_taken_unless_forbidden_and_never_left)
{
    struct processor_choice with = choice_of(&skylake, 0), without = choice_of(&k8, 0);

    CHECK(processor_takes_x2apic(&with, false, false), "it is there");
    CHECK(!processor_takes_x2apic(&with, true, false), "the firmware asks not to");
    CHECK(processor_takes_x2apic(&with, true, true), "it asks, but has switched it on");
    CHECK(processor_takes_x2apic(&with, false, true), "it has switched it on");
    CHECK(!processor_takes_x2apic(&without, false, false), "it is not there");
    CHECK(!processor_takes_x2apic(&without, true, false), "it is not there, nor wanted");
    CHECK(processor_takes_x2apic(&without, false, true),
          "CPUID hides it, but the registers are MSRs already");
}

/* From the words to the defences; capabilities as an MSR says them. */
TEST(defences_are_chosen_by_the_same_words)
{
    static const struct {
        const struct invented *cpu;
        uint64_t capabilities;
        uint32_t on, missing;
    } cases[] = {
        { &skylake, 0,
          SPECULATION_PTI | SPECULATION_RETPOLINE | SPECULATION_IBPB | SPECULATION_RSB |
              SPECULATION_VERW,
          0 },
        { &cascade_lake, 0x2b,
          SPECULATION_EIBRS | SPECULATION_IBPB | SPECULATION_RSB | SPECULATION_VERW |
              SPECULATION_BHB_LOOP,
          0 },
        { &sapphire_rapids, 0xe12b,
          SPECULATION_EIBRS | SPECULATION_IBPB | SPECULATION_RSB | SPECULATION_BHB, 0 },
        { &core2, 0, SPECULATION_PTI | SPECULATION_RETPOLINE | SPECULATION_RSB, SPECULATION_IBPB },
        { &zen4, 0, SPECULATION_EIBRS | SPECULATION_IBPB | SPECULATION_RSB, 0 },
        { &k8, 0, SPECULATION_RETPOLINE | SPECULATION_RSB, SPECULATION_IBPB },
        { &tcg, 0, 0, 0 },
    };

    for (uint32_t i = 0; i < BEYONDS * sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = cases[i / BEYONDS].cpu->name;
        struct processor_choice choice = choice_of(cases[i / BEYONDS].cpu, beyonds[i % BEYONDS]);

        choice.facts.capabilities = cases[i / BEYONDS].capabilities;
        struct speculation_choice defences = speculation_choose(&choice.facts, NULL);

        CHECK_EQ(choice.facts.is_intel, cases[i / BEYONDS].cpu->vendor == INTEL, name);
        CHECK_EQ(choice.facts.is_amd, cases[i / BEYONDS].cpu->vendor == AMD, name);
        CHECK_EQ(choice.facts.is_emulated, cases[i / BEYONDS].cpu == &tcg, name);
        CHECK_EQ(defences.on, cases[i / BEYONDS].on, name);
        CHECK_EQ(defences.missing, cases[i / BEYONDS].missing, name);
    }
    struct invented stranger = skylake;
    stranger.vendor = HYGON;
    struct processor_choice choice = choice_of(&stranger, 0);
    CHECK(!choice.facts.is_intel && !choice.facts.is_amd, "a vendor of whom nothing is known");
    stranger = tcg;
    stranger.one.c = 0;
    CHECK(!choice_of(&stranger, UINT32_MAX).facts.is_emulated, "a name alone, and nobody there");
}

/* Whatever is said: nothing is switched on that the processor has not said within its leaves, and PCID and the like never. */
TEST(no_words_make_it_use_what_is_not_there)
{
    for (uint32_t i = 0; i < 100000 && !test_has_failed(); i++) {
        struct cpuid_words said;
        uint32_t *words = (uint32_t *)&said;

        for (uint32_t k = 0; k < sizeof(said) / sizeof(*words); k++) {
            words[k] = (uint32_t)test_random64();
        }
        said.leaf0.a = test_random(2) ? test_random(0x20) : said.leaf0.a;
        said.more0.a = test_random(2) ? 0x80000000u + test_random(0x30) : said.more0.a;
        struct processor_choice choice = processor_choose(&said);
        uint32_t more = said.more0.a;
        uint32_t b = said.leaf0.a >= 7 ? said.leaf7.b : 0, c = said.leaf0.a >= 7 ? said.leaf7.c : 0;

        CHECK_EQ(choice.cr4 & ~CR4_MAY, 0, "no bit of CR4 that nobody counts on");
        CHECK_EQ(choice.cr4 & CR4_ALWAYS, CR4_ALWAYS, "what all have");
        CHECK_EQ((choice.cr4 & CR4_SMEP) != 0, (b & SMEP) != 0, "SMEP");
        CHECK_EQ((choice.cr4 & CR4_SMAP) != 0, (b & SMAP) != 0, "SMAP");
        CHECK_EQ((choice.cr4 & CR4_UMIP) != 0, (c & UMIP) != 0, "UMIP");
        CHECK_EQ(choice.has_nx, more >= 0x80000001u && (said.more1.d & NX) != 0, "NX");
        CHECK(choice.tsc_hz == 0 || (choice.tsc_hz >= 1000000 && choice.tsc_hz <= 100000000000),
              "hz");
        CHECK(choice.must_measure || (choice.by_deadline && choice.tsc_hz != 0),
              "nothing to go by");
        CHECK(choice.physical_bits >= 1 && choice.physical_bits <= 255, "bits");
        CHECK_EQ(choice.facts.leaf7_d, said.leaf0.a >= 7 ? said.leaf7.d : 0, "what no leaf says");
        CHECK_EQ(choice.facts.leaf8_b, more >= 0x80000008u ? said.more8.b : 0, "nor there");
    }
}
