/* SPDX-License-Identifier: MIT */
/*
 * A program hangs in one of the ways that lib/service knows; how long until the warden has found it, and until it is back,
 * in guest time? Arguments: NAME loop|lock|irq|call|wait.
 */
#include "harm.h"

#include "pith/block_calls.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/file_calls.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"
#include "snapshot.h"

#include "abi/names.h"

enum { LOOKS = 1000 };

#define LOOK_NS (1 * NS_PER_MS)
#define CALL_NS (1 * NS_PER_S)
#define FOUND_NS_MAX (50 * NS_PER_MS)

/* A call of the victim's own protocol. */
static err_t victim_call(const char *name)
{
    uint64_t a, b, c;
    uint32_t d, e, f, g;
    ns_t deadline_ns = clock_now() + CALL_NS;

    if (strcmp(name, "disk") == 0) {
        return block_info(self_cap("block"), deadline_ns, &a, &d, &e, &f, &b, &c);
    }
    if (strcmp(name, "files") == 0) {
        return file_info(self_cap("file"), deadline_ns, &d, &a, &e, &b, &c, &a, &g, &g);
    }
    return ERR_BAD_CALL;
}

static uint64_t recovery_of(uint32_t victim, enum system_recovery_word word)
{
    uint64_t words[8] = { victim };

    return system_ask(SYSTEM_RECOVERY, words) == ERR_OK ? words[word] : 0;
}

static uint64_t hangs_of(uint32_t victim)
{
    return recovery_of(victim, SYSTEM_RECOVERY_DEATHS) >> 32;
}

/* What makes it hang, if the order alone did not. */
static err_t trigger(const char *name, enum service_hang kind)
{
    if (kind == SERVICE_HANG_CALL) {
        err_t err = victim_call(name);

        return err == ERR_PEER_DIED ? ERR_OK : err == ERR_OK ? ERR_BAD_CALL : err;
    }
    if (kind == SERVICE_HANG_IRQ) {
        return disk_is_read() ? ERR_OK : ERR_IO; /* a while later: its successor did it */
    }
    return ERR_OK;
}

static void hang(const char *name, uint32_t victim, enum service_hang kind)
{
    uint64_t words[8] = { victim, kind };
    uint64_t hangs = hangs_of(victim);
    err_t err = victim_call(name);
    ns_t start_ns = clock_now();

    if (err == ERR_OK) {
        err = system_ask(SYSTEM_HANG, words);
    }
    if (err == ERR_OK && (kind == SERVICE_HANG_CALL || kind == SERVICE_HANG_IRQ)) {
        pass(LOOK_NS); /* until it has been told */
        start_ns = clock_now();
    }
    if (err == ERR_OK) {
        err = trigger(name, kind);
    }
    for (uint32_t i = 0; i < LOOKS && err == ERR_OK && hangs_of(victim) == hangs; i++) {
        pass(LOOK_NS);
    }
    pass(LOOK_NS);
    ns_t found_ns = recovery_of(victim, SYSTEM_RECOVERY_DIED) - start_ns;

    for (uint32_t i = 0; i < LOOKS && recovery_of(victim, SYSTEM_RECOVERY_RAN) < start_ns; i++) {
        pass(LOOK_NS);
    }
    ns_t back_ns = recovery_of(victim, SYSTEM_RECOVERY_RAN) - start_ns;

    if (err == ERR_OK) {
        err = victim_call(name);
    }
    debug_printf(
        "%s hang: %s: %s; found after %lu us, back after %lu us; the disk is %s\n",
        err == ERR_OK && found_ns <= FOUND_NS_MAX && hangs_of(victim) == hangs + 1 ? "ok" : "FAIL",
        name, error_name(err), (unsigned long)(found_ns / NS_PER_US),
        (unsigned long)(back_ns / NS_PER_US), disk_is_read() ? "read" : "NOT READ");
}

void hang_do(const char *args)
{
    static const char *const kinds[] = SERVICE_HANG_NAMES;
    static struct snapshot snapshot;
    char name[SYSTEM_NAME_BYTES + 1];
    char kind[8];
    uint32_t victim = 0;
    err_t err = snapshot_take(&snapshot);

    args = word_next(args, name, sizeof(name));
    (void)word_next(args, kind, sizeof(kind));
    if (err == ERR_OK) {
        err = snapshot_find(&snapshot, name, &victim);
    }
    for (uint32_t i = 0; err == ERR_OK && i < SERVICE_HANG_KINDS; i++) {
        if (strcmp(kind, kinds[i]) == 0) {
            hang(name, victim, (enum service_hang)i);
        }
    }
}
