/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"

#define ASK_NS (100 * NS_PER_MS)
enum { ASK_TRIES = 30 };

err_t system_ask(enum system_op op, uint64_t words[8])
{
    uint64_t answer[8];
    err_t err = ERR_GONE;

    for (uint32_t i = 0; i < ASK_TRIES; i++) {
        msg_info_t info = MSG_INFO(op, 8, 0);

        memcpy(answer, words, sizeof(answer));
        err = ipc_call(self_cap("system"), &info, answer, clock_now() + ASK_NS);
        if (err == ERR_OK) {
            memcpy(words, answer, sizeof(answer));
            return (err_t)MSG_LABEL(info);
        }
    }
    return err;
}

static err_t programs_take(struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < PROGRAMS_MAX; i++) {
        uint64_t words[8] = { i };
        err_t err = system_ask(SYSTEM_PROGRAM, words);

        if (err == ERR_RANGE) {
            return ERR_OK;
        }
        if (err) {
            return err;
        }
        memcpy(snapshot->names[i], words, SYSTEM_NAME_BYTES);
        snapshot->state[i] = (uint32_t)words[SYSTEM_PROGRAM_STATE];
        snapshot->restarts[i] = (uint32_t)(words[SYSTEM_PROGRAM_STATE] >> 32);
        snapshot->programs = i + 1;
    }
    return ERR_OK;
}

static err_t deaths_take(struct snapshot *snapshot)
{
    err_t err = ERR_OK;

    for (uint32_t i = 0; err == ERR_OK && i < snapshot->programs; i++) {
        uint64_t words[8] = { i };

        err = system_ask(SYSTEM_RECOVERY, words);
        snapshot->deaths[i] = (uint32_t)words[SYSTEM_RECOVERY_DEATHS] +
                              (uint32_t)(words[SYSTEM_RECOVERY_DEATHS] >> 32);
        snapshot->wardens = words[SYSTEM_RECOVERY_WARDEN];
    }
    return err;
}

static err_t owners_take(struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < OWNERS_MAX; i++) {
        uint64_t words[8] = { i };
        err_t err = system_ask(SYSTEM_OWNER, words);

        if (err == ERR_RANGE) {
            return ERR_OK;
        }
        if (err) {
            return err;
        }
        snapshot->bytes[i] = words[SYSTEM_OWNER_BYTES];
        snapshot->owners = i + 1;
    }
    return ERR_OK;
}

err_t snapshot_take(struct snapshot *snapshot)
{
    err_t err;

    memset(snapshot, 0, sizeof(*snapshot));
    err = programs_take(snapshot);
    if (err == ERR_OK) {
        err = owners_take(snapshot);
    }
    return err == ERR_OK ? deaths_take(snapshot) : err;
}

err_t snapshot_find(const struct snapshot *snapshot, const char *name, uint32_t *number)
{
    for (uint32_t i = 0; i < snapshot->programs; i++) {
        if (strcmp(snapshot->names[i], name) == 0) {
            *number = i;
            return ERR_OK;
        }
    }
    return ERR_NO_ENTRY;
}

bool snapshot_is_as_before(const struct snapshot *before, const struct snapshot *after,
                           uint32_t victim)
{
    bool is_same = before->programs == after->programs && before->owners == after->owners;

    for (uint32_t i = 0; i < after->programs; i++) {
        if (after->state[i] != before->state[i] ||
            (i != victim && (after->restarts[i] != before->restarts[i] ||
                             after->deaths[i] != before->deaths[i]))) {
            debug_printf("steps: %s: state %u, restarts %u, deaths %u; wanted: %u, %u, %u\n",
                         after->names[i], after->state[i], after->restarts[i], after->deaths[i],
                         before->state[i], before->restarts[i], before->deaths[i]);
            is_same = false;
        }
    }
    for (uint32_t i = 0; i < after->owners; i++) {
        if (after->bytes[i] != before->bytes[i]) {
            debug_printf("steps: owner %u: %lu bytes; wanted: %lu\n", i,
                         (unsigned long)after->bytes[i], (unsigned long)before->bytes[i]);
            is_same = false;
        }
    }
    return is_same;
}
