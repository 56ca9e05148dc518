/* SPDX-License-Identifier: MIT */
/*
 * What every method refuses, as abi/idl/kernel.idl says it: a method that does not exist, a right of the target that
 * is missing, too few words, numbers outside their range, and capabilities that are not there, of another type
 * or without a right. One thing is wrong at a time; the error is the one for that, and no capability changes.
 */
#include <stdio.h>
#include <string.h>

#include "abi/fuzz_args.h"
#include "cap/cap.h"
#include "core/core.h"
#include "graph/invariants.h"
#include "situation.h"

enum { TARGETS = 40, ARGUMENTS = 60, EMPTY = 90, OUTSIDE = 256 };

struct trial {
    const struct fuzz_op *op;
    struct request request; /* as it would be right */
    uint32_t refused;
};

/* An object of each type to call methods on, and one to name in arguments. */
static void objects_make(void)
{
    for (uint32_t type = OBJECT_UNTYPED; type <= OBJECT_IO_SPACE; type++) {
        if (type == OBJECT_MACHINE) {
            continue;
        }
        uint64_t size = type == OBJECT_UNTYPED      ? PAGE
                        : type == OBJECT_FRAME      ? 1 << 8
                        : type == OBJECT_PAGE_TABLE ? 1
                        : type == OBJECT_CAP_TABLE  ? 4
                                                    : 0;

        OK(object_make(type, size, TARGETS + type), "an object");
        OK(object_make(type, size, ARGUMENTS + type), "and another");
    }
    OK(slot_copy(ROOT_SLOT_MACHINE, TARGETS + OBJECT_MACHINE), "the machine");
    OK(slot_copy(ROOT_SLOT_MACHINE, ARGUMENTS + OBJECT_MACHINE), "the machine");
}

static void prepare(struct trial *trial, const struct fuzz_op *op)
{
    trial->op = op;
    trial->request = (struct request){ .number = op->syscall,
                                       .at = TARGETS + op->type,
                                       .info = MSG_INFO(op->label, op->arg_count, 0),
                                       .time = DEADLINE_NEVER };
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct fuzz_arg *arg = &op->args[i];

        if (arg->kind == FUZZ_CAP) {
            trial->request.words[i] = (uint32_t)ARGUMENTS + arg->type;
        } else {
            trial->request.words[i] = arg->kind == FUZZ_SLOT ? (uint64_t)EMPTY : arg->min;
        }
    }
}

static uint64_t tree_hash(void)
{
    situation_is_sound();
    return invariants_hash();
}

static void refuse(struct trial *trial, const struct request *request, err_t want, const char *why)
{
    uint64_t before = tree_hash();
    bool is_right = CHECK_EQ(request_run(request), want, why);

    is_right &= CHECK_EQ(tree_hash(), before, "nothing has changed");
    if (!is_right) {
        printf("in: %s\n", trial->op->name);
    }
    trial->refused++;
}

static void refuse_word(struct trial *trial, uint32_t at, uint64_t value, err_t want,
                        const char *why)
{
    struct request request = trial->request;

    request.words[at] = value;
    refuse(trial, &request, want, why);
}

/* Rights are written into the capability: some types cannot be copied, and so never lose one in life. */
static void refuse_without(struct trial *trial, uint32_t slot, uint32_t rights)
{
    struct cap *cap = cap_at(slot);
    uint16_t kept = cap->rights;

    for (uint32_t right = 1; right != 0 && right <= rights; right <<= 1) {
        if (rights & right) {
            cap->rights = (uint16_t)(kept & ~right);
            refuse(trial, &trial->request, ERR_NO_RIGHT, "a right is missing");
            cap->rights = kept;
        }
    }
}

static void refuse_number(struct trial *trial, uint32_t at)
{
    const struct fuzz_arg *arg = &trial->op->args[at];

    if (arg->min > 0) {
        refuse_word(trial, at, arg->min - 1, ERR_RANGE, "below the range");
    }
    if (arg->max < UINT64_MAX) {
        refuse_word(trial, at, arg->max + 1, ERR_RANGE, "above the range");
        refuse_word(trial, at, UINT64_MAX, ERR_RANGE, "far above the range");
    }
}

static void refuse_cap(struct trial *trial, uint32_t at)
{
    const struct fuzz_arg *arg = &trial->op->args[at];
    uint32_t other = arg->type == OBJECT_TIMER ? OBJECT_IRQ : OBJECT_TIMER;

    if (!arg->optional) {
        refuse_word(trial, at, 0, ERR_BAD_CAP, "no capability");
    }
    refuse_word(trial, at, EMPTY, ERR_BAD_CAP, "an empty slot");
    refuse_word(trial, at, OUTSIDE, ERR_BAD_CAP, "past the table");
    refuse_word(trial, at, (1ull << 32) + (uint32_t)ARGUMENTS + arg->type, ERR_BAD_CAP,
                "far past the table");
    refuse_word(trial, at, ARGUMENTS + other, ERR_WRONG_TYPE, "another type");
    refuse_without(trial, ARGUMENTS + arg->type, arg->rights);
}

static void refuse_all(struct trial *trial)
{
    const struct fuzz_op *op = trial->op;

    refuse_without(trial, trial->request.at, op->right);
    for (uint32_t words = 0; words < op->arg_count; words++) {
        struct request request = trial->request;

        request.info = MSG_INFO(op->label, words, 0);
        refuse(trial, &request, ERR_BAD_CALL, "too few words");
    }
    for (uint32_t at = 0; at < op->arg_count; at++) {
        if (op->args[at].kind == FUZZ_CAP) {
            refuse_cap(trial, at);
        } else {
            refuse_number(trial, at);
        }
    }
}

TEST(every_method_refuses_arguments_that_are_not_what_was_agreed)
{
    struct trial trial = { .refused = 0 };

    situation_begin();
    objects_make();
    for (uint32_t i = 0; i < FUZZ_OPS; i++) {
        prepare(&trial, &fuzz_ops[i]);
        refuse_all(&trial);
    }
    situation_end();
    printf("note: arguments: %u methods refused %u bad calls\n", FUZZ_OPS, trial.refused);
}

/* Methods of a type are numbered from 1 without a gap. */
TEST(a_method_that_does_not_exist_is_refused)
{
    uint32_t last[OBJECT_IO_SPACE + 1] = { 0 };
    struct trial trial;

    situation_begin();
    objects_make();
    for (uint32_t i = 0; i < FUZZ_OPS; i++) {
        last[fuzz_ops[i].type]++;
        CHECK_EQ(fuzz_ops[i].label, last[fuzz_ops[i].type], "the number of a method");
    }
    for (uint32_t i = 0; i < FUZZ_OPS; i++) {
        uint32_t type = fuzz_ops[i].type;

        prepare(&trial, &fuzz_ops[i]);
        trial.request.info = MSG_INFO(0, 8, 0);
        refuse(&trial, &trial.request, ERR_BAD_CALL, "no number");
        trial.request.info = MSG_INFO(last[type] + 1, 8, 0);
        refuse(&trial, &trial.request, ERR_BAD_CALL, "a number too high");
        trial.request.at = EMPTY;
        refuse(&trial, &trial.request, ERR_BAD_CAP, "no object");
    }
    situation_end();
}

TEST(a_system_call_that_does_not_exist_is_refused)
{
    situation_begin();
    for (uint32_t number = SYSCALL_METHOD + 1; number < 256; number++) {
        CHECK_EQ(request_run(&(struct request){ .number = number }), ERR_BAD_CALL, "no such call");
    }
    situation_end();
}
