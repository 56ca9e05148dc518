/* SPDX-License-Identifier: MIT */
/*
 * What all methods have in common, from the list that is made from the interfaces: a target that is not
 * there or lacks the right, too few words, numbers out of range, capability arguments that are not there, are
 * of another type or lack a right.
 */
#include "abi/fuzz_args.h"
#include "boot_test/errors.h"
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"

#define TYPES 16u

struct sample {
    cap_addr_t good; /* one of each type */
    cap_addr_t bare; /* the same without rights; 0: such a thing cannot be had */
};

static void samples_make(struct sample samples[TYPES])
{
    static const uint64_t sizes[TYPES] = {
        [OBJECT_UNTYPED] = 65536,
        [OBJECT_FRAME] = FRAME_SIZE(1, PAGE_CLASS_4K),
        [OBJECT_PAGE_TABLE] = 1,
        [OBJECT_CAP_TABLE] = 4,
    };

    for (uint32_t type = OBJECT_UNTYPED; type < TYPES; type++) {
        samples[type].good =
            type == OBJECT_MACHINE ? copy_of(MACHINE, RIGHTS_ALL) : make(type, sizes[type]);
    }
    for (uint32_t type = OBJECT_UNTYPED; type < TYPES; type++) {
        bool is_single =
            type == OBJECT_UNTYPED || type == OBJECT_PAGE_TABLE || type == OBJECT_REPLY;

        samples[type].bare = is_single ? 0 : copy_of(samples[type].good, 0);
    }
}

/* A message that passes all checks of form. */
static struct message well_formed(const struct fuzz_op *op, const struct sample samples[TYPES])
{
    uint64_t words[8] = { 0 };
    struct message message;

    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct fuzz_arg *arg = &op->args[i];

        words[i] = arg->kind == FUZZ_CAP    ? samples[arg->type].good
                   : arg->kind == FUZZ_SLOT ? 1
                                            : arg->min;
    }
    message = method_of(samples[op->type].good, op->label, op->arg_count, words);
    message.op = OP(op->syscall, samples[op->type].good);
    return message;
}

static void expect(const struct fuzz_op *op, struct message message, err_t want, const char *what,
                   uint32_t arg)
{
    const char *name = arg < op->arg_count ? op->args[arg].name : "";
    err_t got = message_do(&message);

    if (!test_check_equal(got, want, op->name, what, name)) {
        return;
    }
    CHECK(errors_provoked_by_method(op->type, op->label, want), "the interface lists the error");
}

static void try_target(const struct fuzz_op *op, const struct sample samples[TYPES])
{
    struct message message = well_formed(op, samples);

    message.op = OP(op->syscall, slot_next());
    expect(op, message, ERR_BAD_CAP, "target: an empty slot", 99);
    message.op = OP(op->syscall, 0xffffff);
    expect(op, message, ERR_BAD_CAP, "target: a slot outside the table", 99);
    message.op = OP(op->syscall, 0);
    expect(op, message, ERR_BAD_CAP, "target: slot 0", 99);
    if (op->right != 0 && samples[op->type].bare != 0) {
        message.op = OP(op->syscall, samples[op->type].bare);
        expect(op, message, ERR_NO_RIGHT, "target: no rights", 99);
    }
    if (op->arg_count > 0) {
        message = well_formed(op, samples);
        message.info = MSG_INFO(op->label, op->arg_count - 1, 0);
        expect(op, message, ERR_BAD_CALL, "one word too few", 99);
    }
}

static void try_scalar(const struct fuzz_op *op, const struct sample samples[TYPES], uint32_t i)
{
    const struct fuzz_arg *arg = &op->args[i];
    struct message message = well_formed(op, samples);

    if (arg->min > 0) {
        message.words[i] = arg->min - 1;
        expect(op, message, ERR_RANGE, "below the range", i);
    }
    if (arg->max != UINT64_MAX) {
        message.words[i] = arg->max + 1;
        expect(op, message, ERR_RANGE, "above the range", i);
        message.words[i] = arg->min | 1ull << 32;
        expect(op, message, ERR_RANGE, "right but for the upper half", i);
    }
}

static void try_cap(const struct fuzz_op *op, const struct sample samples[TYPES], uint32_t i)
{
    const struct fuzz_arg *arg = &op->args[i];
    struct message message = well_formed(op, samples);

    message.words[i] = slot_next();
    expect(op, message, ERR_BAD_CAP, "argument: an empty slot", i);
    message.words[i] = 1ull << 32 | samples[arg->type].good;
    expect(op, message, ERR_BAD_CAP, "argument: right but for the upper half", i);
    message.words[i] = samples[arg->type == OBJECT_TIMER ? OBJECT_IRQ : OBJECT_TIMER].good;
    expect(op, message, ERR_WRONG_TYPE, "argument: another type", i);
    if (!arg->optional) {
        message.words[i] = 0;
        expect(op, message, ERR_BAD_CAP, "argument: 0", i);
    }
    if (arg->rights != 0 && samples[arg->type].bare != 0) {
        message.words[i] = samples[arg->type].bare;
        expect(op, message, ERR_NO_RIGHT, "argument: no rights", i);
    }
}

TEST(methods_refuse_what_is_badly_formed)
{
    struct sample samples[TYPES] = { 0 };

    samples_make(samples);
    for (uint32_t n = 0; n < FUZZ_OPS; n++) {
        const struct fuzz_op *op = &fuzz_ops[n];

        try_target(op, samples);
        for (uint32_t i = 0; i < op->arg_count; i++) {
            if (op->args[i].kind == FUZZ_CAP) {
                try_cap(op, samples, i);
            } else {
                try_scalar(op, samples, i);
            }
        }
    }
}

TEST(methods_that_do_not_exist_are_refused)
{
    struct sample samples[TYPES] = { 0 };

    samples_make(samples);
    for (uint32_t type = OBJECT_UNTYPED; type < TYPES; type++) {
        uint64_t words[8] = { 0 };
        uint32_t first = 1;

        for (uint32_t n = 0; n < FUZZ_OPS; n++) {
            if (fuzz_ops[n].type == type && fuzz_ops[n].label >= first) {
                first = fuzz_ops[n].label + 1u;
            }
        }
        const uint32_t labels[] = { 0, first, 0x100, 0x8001, 0xffff };

        for (uint32_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
            struct message message = method_of(samples[type].good, labels[i], 8, words);

            message.op = OP(SYSCALL_METHOD, samples[type].good);
            EXPECT(SYSCALL, METHOD, BAD_CALL, message_do(&message));
        }
    }
    struct message nowhere = method_of(slot_next(), 1, 0, NULL);

    nowhere.op = OP(SYSCALL_METHOD, slot_next());
    EXPECT(SYSCALL, METHOD, BAD_CAP, message_do(&nowhere));
}
