/* SPDX-License-Identifier: MIT */
/*
 * Starts programs with a C library, as root program, and looks how they end. What they print is on the same
 * serial port: each prints its own ok and FAIL lines, and its status says whether all was well.
 */
#include "pith/archive.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/program.h"
#include "pith/self.h"
#include "pith/start.h"
#include "pith/syscall.h"
#include "pith/thread.h"

enum { EXIT_PASSED = 0x10, EXIT_FAILED = 0x11, BADGE = 5, KIB = 1024, LIMIT_S = 20 };

static cap_addr_t endpoint;
static cap_addr_t handler;
static cap_addr_t context; /* time of the thread that waits */
static err_t ended;

static int status_of_fault(const struct program *program)
{
    uint32_t state, fault = 0, rank;
    uint64_t address = 0, ip = 0, switches;

    if (thread_info(program->thread, &state, &fault, &address, &ip, &rank, &switches) == ERR_OK &&
        address >= PROGRAM_EXIT_ADDR && address < PROGRAM_EXIT_ADDR + PROGRAM_EXIT_STATUSES) {
        return (int)(address - PROGRAM_EXIT_ADDR);
    }
    debug_printf("note: fault %u at %lx, address %lx\n", fault, ip, address);
    return -1;
}

/* Waits for one fault, and leaves the thread as it is: the root program's own rank is too high for that. */
static void fault_wait(void *unused)
{
    uint64_t words[8] = { 0 }, badge, bits;
    msg_info_t info = 0;

    (void)unused;
    ended = ipc_receive(endpoint, &info, words, &badge, &bits, clock_now() + LIMIT_S * NS_PER_S, 0);
    if (ended == ERR_OK) {
        (void)!ipc_reply(0, MSG_INFO(1, 0, 0), words);
    }
}

static int status_when_ended(const struct program *program)
{
    struct thread_handle handle;
    struct thread_spec spec = { .entry = fault_wait, .rank = 1, .context = context };

    if (thread_start(&spec, &handle) != ERR_OK || program_run(program) != ERR_OK ||
        thread_join(&handle, DEADLINE_NEVER) != ERR_OK || ended != ERR_OK) {
        debug_printf("note: waiting for its end: error %d\n", (int)ended);
        return -1;
    }
    return status_of_fault(program);
}

/* The status with which a program ends; -1: it does not, or faults otherwise. */
static int program_status(const char *name, const char *args, uint64_t memory_bytes)
{
    struct program program;
    struct program_spec spec = {
        .name = name,
        .args = args,
        .memory_bytes = memory_bytes,
        .owner = 9,
        .rank = 5,
        .has_fpu = true,
        .machine = ROOT_SLOT_MACHINE,
        .machine_rights = RIGHT_WRITE,
        .priority = 100,
        .budget_ns = 10 * NS_PER_MS,
        .period_ns = 10 * NS_PER_MS,
        .clock = ROOT_SLOT_CLOCK,
        .handler = handler,
    };
    const char *why = "it is not in the archive";
    int status;

    if (archive_find((const void *)BOOT_ARCHIVE_ADDR, self()->boot->archive_bytes, name,
                     &spec.image, &spec.image_bytes) != ERR_OK ||
        program_create(&spec, &program, &why) != ERR_OK) {
        debug_printf("note: %s does not start: %s\n", name, why);
        return -1;
    }
    status = status_when_ended(&program);
    program_destroy(&program);
    return status;
}

int main(void)
{
    static const struct {
        const char *name, *program, *args;
        uint64_t memory_bytes;
        int want;
    } runs[] = {
        { "a_c_program_prints_sorts_and_ends_with_its_status", "hello_c", "42 words", 1024 * KIB,
          42 },
        { "calls_answer_as_those_of_linux_do", "libc_calls", "", 3072 * KIB, 0 },
    };
    uint32_t passed = 0;
    uint32_t failed = 0;
    uint64_t free_bytes = self()->memory.free_bytes;

    if (object_create(OBJECT_ENDPOINT, 1, &endpoint) != ERR_OK ||
        object_create(OBJECT_SCHED_CONTEXT, 0, &context) != ERR_OK ||
        sched_context_configure(context, ROOT_SLOT_MACHINE, 200, NS_PER_MS, NS_PER_MS, 0) !=
            ERR_OK ||
        cap_mint(endpoint, RIGHT_CALL, BADGE, &handler) != ERR_OK) {
        debug_printf("FAIL set-up\n");
        return EXIT_FAILED;
    }
    for (uint32_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        int status = program_status(runs[i].program, runs[i].args, runs[i].memory_bytes);

        if (status == runs[i].want && self()->memory.free_bytes + 256 * KIB >= free_bytes) {
            debug_printf("ok %s\n", runs[i].name);
            passed++;
        } else {
            debug_printf("FAIL %s: wanted: status %d got: %d, %lu of %lu bytes free\n",
                         runs[i].name, runs[i].want, status, self()->memory.free_bytes, free_bytes);
            failed++;
        }
    }
    debug_printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? EXIT_PASSED : EXIT_FAILED;
}
