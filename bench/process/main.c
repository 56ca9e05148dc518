/* SPDX-License-Identifier: MIT */
/*
 * A program is started from a file, ends, and is waited for, as any client of the process manager does it: docs/bench.md.
 * The file is in the page cache from the second turn on.
 */
#include "marks/marks.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/start.h"
#include "process/process.h"
#include "system/protocol.h"

#include "abi/names.h"

/* Those of bench/rows.tsv. */
enum row { ROW_START_EXIT = 0 };

enum {
    TURNS = 500,
    WARM_UP = 20,
    STATUS_OF_NOTHING = 7, /* tests/process/nothing */
    STATUS_SUCCESS = 0x10, /* what the emulator takes as success: tools/qemu.py */
    PAUSE_MS = 12,         /* longer than a period: nobody's budget ends in the middle of a turn */
    READY_MS = 5000,
};

static struct processes processes;

static void must(bool is_true, const char *what, err_t err)
{
    if (!is_true) {
        debug_printf("FAIL bench_process: %s: %s\n", what, error_name(err));
        program_exit(1);
    }
}

static const struct process_request request = { .path = "/bin/process_nothing" };

/* Until the disk is there. */
static void wait_until_ready(void)
{
    ns_t until_ns = clock_now() + READY_MS * NS_PER_MS;
    err_t err = ERR_GONE;

    while (err != ERR_OK && clock_now() < until_ns) {
        struct process_status status;
        const char *why = "";
        uint64_t pid;

        err = processes_start(&processes, &request, &pid, &why);
        if (err == ERR_OK) {
            err = processes_wait(&processes, pid, DEADLINE_NEVER, &status);
        }
    }
    must(err == ERR_OK, "the first start", err);
}

static void turn(bool is_counted)
{
    struct process_status status = { 0 };
    const char *why = "";
    uint64_t pid = 0;
    err_t start_err, wait_err = ERR_OK;

    if (is_counted) {
        MARK_BEGIN(ROW_START_EXIT);
    }
    start_err = processes_start(&processes, &request, &pid, &why);
    if (start_err == ERR_OK) {
        wait_err = processes_wait(&processes, pid, DEADLINE_NEVER, &status);
    }
    if (is_counted) {
        MARK_END(ROW_START_EXIT);
    }
    must(start_err == ERR_OK, why, start_err);
    must(wait_err == ERR_OK, "wait", wait_err);
    must(status.state == PROCESS_STATE_EXITED && status.status == STATUS_OF_NOTHING,
         "it ended otherwise", ERR_OK);
}

int main(void)
{
    err_t err = processes_connect(&processes);

    must(err == ERR_OK, "there is no process manager", err);
    wait_until_ready();
    for (int i = 0; i < WARM_UP + TURNS; i++) {
        sleep_until(clock_now() + PAUSE_MS * NS_PER_MS);
        turn(i >= WARM_UP);
    }
    uint64_t exit_code[8] = { STATUS_SUCCESS };
    msg_info_t info = MSG_INFO(SYSTEM_POWER_OFF, 1, 0);

    err = ipc_call(self_cap("system"), &info, exit_code, DEADLINE_NEVER);
    must(false, "power off", err);
    return 1;
}
