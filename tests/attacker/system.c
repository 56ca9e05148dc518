/* SPDX-License-Identifier: MIT */
/* The warden's interface; and the capability that every program has for its faults, which is no way to it. */
#include "attacker.h"

#include "pith/self.h"
#include "system/protocol.h"

enum { OPS = 64, NOBODY = 1000 };

/* Operations that change nothing. */
static const uint32_t questions[] = { SYSTEM_PROGRAM, SYSTEM_OWNER, SYSTEM_RECOVERY,
                                      SYSTEM_STRAYS,  SYSTEM_SHAPE, SYSTEM_INTERFACE,
                                      SYSTEM_COUNTS,  SYSTEM_TIMES, SYSTEM_CAPS };
enum { QUESTIONS = sizeof(questions) / sizeof(questions[0]) };

static err_t ask(const char *cap, uint32_t op, uint64_t number, uint64_t second)
{
    uint64_t words[8] = { number, second };

    return raw_call(self_cap(cap), op, words);
}

static bool is_an_operation(uint32_t op)
{
    return (op >= SYSTEM_PROGRAM && op <= SYSTEM_WARDEN) || op == SYSTEM_STRAYS ||
           op == SYSTEM_STEP || (op >= SYSTEM_CAPS && op <= SYSTEM_THREAD) ||
           (op >= SYSTEM_SHAPE && op <= SYSTEM_TIMES);
}

/* Whoever can fault has this capability: it must give nothing but faults. */
static void attack_by_faults(void)
{
    for (uint32_t op = 0; op < OPS; op++) {
        wants("a question by the way of faults", ERR_NO_RIGHT, ask("faults", op, 0, 0));
    }
}

void attack_system(uint32_t count)
{
    static const uint32_t numbered[] = { SYSTEM_START, SYSTEM_KILL, SYSTEM_FAIL, SYSTEM_HANG };

    attack_by_faults();
    for (uint32_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]); i++) {
        wants("a program that is none", ERR_RANGE, ask("system", numbered[i], NOBODY, 0));
        wants("a number that wraps", ERR_RANGE, ask("system", numbered[i], 1ull << 32, 0));
    }
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        wants("a question about nobody", ERR_RANGE, ask("system", questions[i], NOBODY, 0));
        wants("a question that wraps", ERR_RANGE, ask("system", questions[i], UINT64_MAX, 0));
    }
    wants("a way of hanging that is none", ERR_RANGE, ask("system", SYSTEM_HANG, 0, 99));
    wants("a harm that is none", ERR_RANGE, ask("system", SYSTEM_WARDEN, 3, 0));
    wants("a step of no kind", ERR_RANGE, ask("system", SYSTEM_STEP, 1, 0));
    wants("a step too far", ERR_RANGE, ask("system", SYSTEM_STEP, UINT64_MAX, SYSTEM_HARM_FAULT));
    wants("a trace of who may not", ERR_NO_RIGHT, ask("system", SYSTEM_TRACE, 1, 0));
    wants("a thread of who may not", ERR_NO_RIGHT, ask("system", SYSTEM_THREAD, random64(), 0));
    wants("a slot past every table", ERR_RANGE, ask("system", SYSTEM_CAPS, 0, UINT64_MAX));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t op = below(0xffff - 1);

        wants_listed("a random question", ask("system", questions[below(QUESTIONS)],
                                              random64() >> below(64), random64()));
        if (!is_an_operation(op)) {
            wants("no operation", ERR_BAD_CALL, ask("system", op, random64(), random64()));
        }
    }
}
