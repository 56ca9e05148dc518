/* SPDX-License-Identifier: MIT */
/* What decides is what Intel's and AMD's guidance says of each flaw; places of bits: SDM volume 4, table 2-2, and volume 2, CPUID. */
#include "core/speculation.h"

#include <stddef.h>

/* CPUID 7. */
#define ID7B_RTM (1u << 11)
#define ID7D_MD_CLEAR (1u << 10)
#define ID7D_IBPB (1u << 26)
#define ID7_2D_BHI_CTRL (1u << 4)
/* CPUID 80000008h and 80000021h, AMD's. */
#define ID8B_IBPB (1u << 12)
#define ID21A_AUTO_IBRS (1u << 8)
/* IA32_ARCH_CAPABILITIES. */
#define CAPABLE_RDCL_NO (1ull << 0)
#define CAPABLE_IBRS_ALL (1ull << 1)
#define CAPABLE_MDS_NO (1ull << 5)
#define CAPABLE_TAA_NO (1ull << 8)
#define CAPABLE_STALE_NO                                                                           \
    (7ull << 13) /* SBDR_SSDP_NO, FBSDP_NO, PSDP_NO: data of device registers */
#define CAPABLE_FB_CLEAR (1ull << 17)
#define CAPABLE_BHI_NO (1ull << 20)
#define CAPABLE_RFDS_CLEAR (1ull << 28)

static const char *const names[SPECULATION_COUNT] = { "pti", "retpoline", "eibrs", "ibpb",
                                                      "rsb", "verw",      "bhb",   "bhbloop" };

const char *speculation_name(uint32_t number)
{
    return names[number];
}

static bool has_eibrs(const struct speculation_facts *facts)
{
    return facts->is_intel ? (facts->capabilities & CAPABLE_IBRS_ALL) != 0
                           : facts->is_amd && (facts->leaf21_a & ID21A_AUTO_IBRS) != 0;
}

/* Buffers that VERW empties, with the microcode that makes it do so. */
static bool needs_verw(const struct speculation_facts *facts)
{
    uint64_t capable = facts->capabilities;
    bool clears = (facts->leaf7_d & ID7D_MD_CLEAR) != 0;
    bool has_mds = (capable & CAPABLE_MDS_NO) == 0;
    bool has_taa = (facts->leaf7_b & ID7B_RTM) != 0 && (capable & CAPABLE_TAA_NO) == 0;
    bool has_stale =
        (capable & CAPABLE_FB_CLEAR) != 0 && (capable & CAPABLE_STALE_NO) != CAPABLE_STALE_NO;

    return (clears && (has_mds || has_taa)) || has_stale || (capable & CAPABLE_RFDS_CLEAR) != 0;
}

static uint32_t needed_by_intel(const struct speculation_facts *facts)
{
    bool has_bhi = has_eibrs(facts) && (facts->capabilities & CAPABLE_BHI_NO) == 0;

    return ((facts->capabilities & CAPABLE_RDCL_NO) == 0 ? SPECULATION_PTI : 0u) |
           (needs_verw(facts) ? SPECULATION_VERW : 0u) | (has_bhi ? SPECULATION_BHB : 0u);
}

/* Of processors of others nothing is known: they get what the command line says. */
static uint32_t needed_by(const struct speculation_facts *facts)
{
    uint32_t needed = SPECULATION_IBPB | SPECULATION_RSB;

    if (facts->is_emulated || (!facts->is_intel && !facts->is_amd)) {
        return 0;
    }
    needed |= has_eibrs(facts) ? SPECULATION_EIBRS : SPECULATION_RETPOLINE;
    return facts->is_intel ? needed | needed_by_intel(facts) : needed;
}

/* VERW, calls and jumps exist everywhere. PTI is the kernel's own. The kernel has no indirect branch that counts (tools/branches.py). */
static uint32_t possible_on(const struct speculation_facts *facts)
{
    bool has_ibpb =
        (facts->leaf7_d & ID7D_IBPB) != 0 || (facts->is_amd && (facts->leaf8_b & ID8B_IBPB) != 0);
    bool has_bhb = facts->is_intel && (facts->leaf7_2_d & ID7_2D_BHI_CTRL) != 0;

    return SPECULATION_RSB | SPECULATION_VERW | SPECULATION_PTI | SPECULATION_RETPOLINE |
           SPECULATION_BHB_LOOP | (has_eibrs(facts) ? SPECULATION_EIBRS : 0u) |
           (has_ibpb ? SPECULATION_IBPB : 0u) | (has_bhb ? SPECULATION_BHB : 0u);
}

/* The text up to a comma or its end is this word. */
static bool is_word(const char *text, const char *word)
{
    while (*word != 0 && *text == *word) {
        text++;
        word++;
    }
    return *word == 0 && (*text == 0 || *text == ',');
}

static uint32_t defence_of(const char *text)
{
    for (uint32_t i = 0; i < SPECULATION_COUNT; i++) {
        if (is_word(text, names[i])) {
            return 1u << i;
        }
    }
    return 0;
}

/* A word that means nothing must not leave a machine bare: the processor's needs are then met as well. */
static uint32_t wished(const struct speculation_facts *facts, const char *text, bool *is_garbled)
{
    uint32_t wish = 0;

    if (text == NULL || is_word(text, "auto")) {
        return needed_by(facts);
    }
    if (is_word(text, "off")) {
        return 0;
    }
    for (;;) {
        uint32_t one = defence_of(text);

        *is_garbled = *is_garbled || one == 0;
        wish |= one;
        while (*text != 0 && *text != ',') {
            text++;
        }
        if (*text == 0) {
            return *is_garbled ? wish | needed_by(facts) : wish;
        }
        text++;
    }
}

struct speculation_choice speculation_choose(const struct speculation_facts *facts,
                                             const char *wish)
{
    struct speculation_choice choice = { 0 };
    uint32_t chosen = wished(facts, wish, &choice.is_garbled);

    if ((chosen & ~possible_on(facts) & SPECULATION_BHB) != 0) {
        chosen = (chosen & ~(uint32_t)SPECULATION_BHB) | SPECULATION_BHB_LOOP;
    }
    choice.on = chosen & possible_on(facts);
    choice.missing = chosen & ~choice.on;
    return choice;
}
