/* SPDX-License-Identifier: MIT */
/* What is chosen on processors that no test here runs on, by what their CPUID says; and what the command line makes of it. */
#include "core/speculation.h"

#include <string.h>

#include "host_test/test.h"

#define PTI SPECULATION_PTI
#define RETPOLINE SPECULATION_RETPOLINE
#define EIBRS SPECULATION_EIBRS
#define IBPB SPECULATION_IBPB
#define RSB SPECULATION_RSB
#define VERW SPECULATION_VERW
#define BHB SPECULATION_BHB
#define LOOP SPECULATION_BHB_LOOP
#define MD_CLEAR (1u << 10)
#define SPEC_CTRL (1u << 26)
#define RTM (1u << 11)

/* An Intel of 2015 without and with new microcode, of 2019, 2020 and 2023, an Atom with register files that leak; Zen 2, Zen 4. */
static const struct speculation_facts haswell_old = { .is_intel = true, .leaf7_b = RTM };
static const struct speculation_facts skylake = { .is_intel = true,
                                                  .leaf7_b = RTM,
                                                  .leaf7_d = MD_CLEAR | SPEC_CTRL };
static const struct speculation_facts cascade_lake = {
    .is_intel = true, .leaf7_b = RTM, .leaf7_d = MD_CLEAR | SPEC_CTRL, .capabilities = 0x2b
};
static const struct speculation_facts ice_lake = { .is_intel = true,
                                                   .leaf7_d = MD_CLEAR | SPEC_CTRL,
                                                   .capabilities = 0x2012b };
static const struct speculation_facts sapphire_rapids = { .is_intel = true,
                                                          .leaf7_b = RTM,
                                                          .leaf7_d = MD_CLEAR | SPEC_CTRL,
                                                          .leaf7_2_d = 0x10,
                                                          .capabilities = 0xe12b };
static const struct speculation_facts no_bhi = {
    .is_intel = true, .leaf7_d = SPEC_CTRL, .leaf7_2_d = 0x10, .capabilities = 0x10e12b
};
static const struct speculation_facts gracemont = {
    .is_intel = true, .leaf7_d = MD_CLEAR | SPEC_CTRL, .leaf7_2_d = 0x10, .capabilities = 0x1000e12b
};
static const struct speculation_facts zen2 = { .is_amd = true, .leaf8_b = 1u << 12 };
static const struct speculation_facts zen4 = { .is_amd = true,
                                               .leaf8_b = 1u << 12,
                                               .leaf21_a = 1u << 8 };
static const struct speculation_facts tcg_max = { .is_amd = true, .is_emulated = true };
static const struct speculation_facts unknown = { 0 };

TEST(each_processor_gets_what_it_needs)
{
    static const struct {
        const char *name;
        const struct speculation_facts *facts;
        uint32_t on, missing;
    } cases[] = {
        { "Haswell, old microcode", &haswell_old, PTI | RETPOLINE | RSB, IBPB },
        { "Skylake", &skylake, PTI | RETPOLINE | IBPB | RSB | VERW, 0 },
        { "Cascade Lake: TAA", &cascade_lake, EIBRS | IBPB | RSB | VERW | LOOP, 0 },
        { "Ice Lake: data of device registers", &ice_lake, EIBRS | IBPB | RSB | VERW | LOOP, 0 },
        { "Sapphire Rapids", &sapphire_rapids, EIBRS | IBPB | RSB | BHB, 0 },
        { "without branch history injection", &no_bhi, EIBRS | IBPB | RSB, 0 },
        { "Gracemont: register files", &gracemont, EIBRS | IBPB | RSB | VERW | BHB, 0 },
        { "Zen 2", &zen2, RETPOLINE | IBPB | RSB, 0 },
        { "Zen 4", &zen4, EIBRS | IBPB | RSB, 0 },
        { "QEMU's max by TCG", &tcg_max, 0, 0 },
        { "neither Intel nor AMD", &unknown, 0, 0 },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct speculation_choice choice = speculation_choose(cases[i].facts, NULL);
        struct speculation_choice same = speculation_choose(cases[i].facts, "auto");

        CHECK_EQ(choice.on, cases[i].on, cases[i].name);
        CHECK_EQ(choice.missing, cases[i].missing, cases[i].name);
        CHECK(!choice.is_garbled, cases[i].name);
        CHECK_EQ(same.on, choice.on, "auto is what comes without a word");
        CHECK_EQ(same.missing, choice.missing, "auto is what comes without a word");
    }
}

TEST(the_command_line_overrides)
{
    static const struct {
        const char *text;
        const struct speculation_facts *facts;
        uint32_t on, missing;
        bool is_garbled;
    } cases[] = {
        { "off", &skylake, 0, 0, false },
        { "verw", &skylake, VERW, 0, false },
        { "rsb,verw", &tcg_max, RSB | VERW, 0, false },
        { "pti,ibpb,eibrs,bhb,retpoline", &tcg_max, PTI | RETPOLINE | LOOP, IBPB | EIBRS, false },
        { "ibpb", &zen2, IBPB, 0, false },
        { "bhb", &zen4, LOOP, 0, false },
        { "bhb", &sapphire_rapids, BHB, 0, false },
        { "bhbloop", &sapphire_rapids, LOOP, 0, false },
        { "bhbloop,bhb", &sapphire_rapids, BHB | LOOP, 0, false },
        { "", &zen4, EIBRS | IBPB | RSB, 0, true },
        { "of", &zen4, EIBRS | IBPB | RSB, 0, true },
        { "offf", &zen4, EIBRS | IBPB | RSB, 0, true },
        { "rsb,", &tcg_max, RSB, 0, true },
        { "rsb,,verw", &tcg_max, RSB | VERW, 0, true },
        { "verwx,rsb", &tcg_max, RSB, 0, true },
        { "verw,off", &zen2, VERW | RETPOLINE | IBPB | RSB, 0, true },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct speculation_choice choice = speculation_choose(cases[i].facts, cases[i].text);

        CHECK_EQ(choice.on, cases[i].on, cases[i].text);
        CHECK_EQ(choice.missing, cases[i].missing, cases[i].text);
        CHECK_EQ(choice.is_garbled, cases[i].is_garbled, cases[i].text);
    }
}

/* Whatever CPUID says: what is on is possible, nothing is both on and missing, off is off. */
TEST(no_facts_make_it_switch_on_what_is_not_there)
{
    for (uint32_t i = 0; i < 100000 && !test_has_failed(); i++) {
        struct speculation_facts facts = { .is_intel = test_random(2),
                                           .leaf7_b = (uint32_t)test_random64(),
                                           .leaf7_d = (uint32_t)test_random64(),
                                           .leaf7_2_d = (uint32_t)test_random64(),
                                           .leaf8_b = (uint32_t)test_random64(),
                                           .leaf21_a = (uint32_t)test_random64(),
                                           .capabilities = test_random64() };
        facts.is_amd = !facts.is_intel && test_random(2);
        struct speculation_choice choice = speculation_choose(
            &facts, test_random(2) ? "pti,retpoline,eibrs,ibpb,rsb,verw,bhb" : NULL);
        bool can_ibpb =
            (facts.leaf7_d & SPEC_CTRL) != 0 || (facts.is_amd && facts.leaf8_b >> 12 & 1);

        CHECK_EQ(choice.on & choice.missing, 0, "on or missing");
        CHECK(can_ibpb || (choice.on & IBPB) == 0, "a write of IA32_PRED_CMD would fault");
        CHECK((facts.is_intel && facts.leaf7_2_d & 0x10) || (choice.on & BHB) == 0,
              "so would this");
        CHECK((choice.missing & (BHB | LOOP)) == 0, "there is one way or the other");
        CHECK_EQ(speculation_choose(&facts, "off").on, 0, "off is off");
    }
}

TEST(each_defence_has_a_name_that_the_command_line_knows)
{
    for (uint32_t i = 0; i < SPECULATION_COUNT; i++) {
        struct speculation_choice choice = speculation_choose(&unknown, speculation_name(i));

        CHECK_EQ(choice.on | choice.missing, i == 6 ? LOOP : 1u << i, speculation_name(i));
    }
    CHECK(strcmp(speculation_name(0), "pti") == 0, "the first");
}
