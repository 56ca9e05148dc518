/* SPDX-License-Identifier: MIT */
/* Programs from ELF files: made, refused, destroyed with every byte given back. */
#include "userlib.h"

#include "pith/archive.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/program.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/start.h"
#include "pith/string.h"

enum { KIB = 1024, BADGE = 77 };

static struct {
    cap_addr_t endpoint, handler;
    uint64_t badge;
    uint32_t label;
    err_t err;
} faults;

/* Waits for one fault and leaves the faulted program as it is. */
static void fault_wait(void *unused)
{
    uint64_t words[8];
    uint64_t bits;
    msg_info_t info = 0;

    (void)unused;
    faults.err = ipc_receive(faults.endpoint, &info, words, &faults.badge, &bits,
                             clock_now() + 2 * NS_PER_S, 0);
    faults.label = MSG_LABEL(info);
    if (faults.err == ERR_OK) {
        (void)!ipc_reply(0, MSG_INFO(1, 0, 0), words);
    }
}

static bool spec_make(struct program_spec *spec, const char *args)
{
    *spec = (struct program_spec){
        .name = "crasher",
        .args = args,
        .memory_bytes = 256 * KIB,
        .owner = 9,
        .rank = 5,
        .machine = ROOT_SLOT_MACHINE,
        .priority = 100,
        .budget_ns = NS_PER_MS,
        .period_ns = NS_PER_MS,
        .clock = ROOT_SLOT_CLOCK,
        .handler = faults.handler,
    };
    return CHECK_EQ(archive_find((const void *)BOOT_ARCHIVE_ADDR, self()->boot->archive_bytes,
                                 "crasher", &spec->image, &spec->image_bytes),
                    ERR_OK, "it is in the archive");
}

static void faults_prepare(void)
{
    CHECK_EQ(object_create(OBJECT_ENDPOINT, 1, &faults.endpoint), ERR_OK, "an endpoint");
    CHECK_EQ(cap_mint(faults.endpoint, RIGHT_CALL, BADGE, &faults.handler), ERR_OK, "a badge");
}

static void faults_finish(void)
{
    cap_drop(faults.handler);
    object_destroy(faults.endpoint);
    faults.handler = 0;
}

static void program_fault_check(const char *args, uint32_t want_fault, uint64_t want_address)
{
    struct program_spec spec;
    struct program program;
    struct running handler;
    const char *why = "";
    uint32_t state = 0, fault = 0, rank;
    uint64_t address = 0, ip, switches;
    uint64_t free_bytes = self()->memory.free_bytes;
    uint32_t slots = self()->slots.taken;

    if (!spec_make(&spec, args) ||
        !CHECK_EQ(program_create(&spec, &program, &why), ERR_OK, "it is made")) {
        return;
    }
    CHECK(program.own_bytes > 0 && program.own_bytes < program.memory_bytes, "it keeps the rest");
    CHECK_EQ(memory_of_owner(&self()->memory, 9), program.memory_bytes, "the owner has it all");
    thread_run(&handler, fault_wait, NULL, 1, 200);
    CHECK_EQ(program_run(&program), ERR_OK, "it runs");
    thread_finish(&handler);
    CHECK_EQ(faults.err, ERR_OK, "the fault comes");
    CHECK_EQ(faults.label, MSG_LABEL_FAULT, "as a fault");
    CHECK_EQ(faults.badge, BADGE, "from that program");
    CHECK_EQ(thread_info(program.thread, &state, &fault, &address, &ip, &rank, &switches), ERR_OK,
             "its thread is there");
    CHECK_EQ(state, THREAD_STATE_INACTIVE, "stopped by the reply");
    CHECK_EQ(fault, want_fault, "the kind");
    CHECK_EQ(address, want_address, "the address");
    program_destroy(&program);
    CHECK_EQ(self()->memory.free_bytes, free_bytes, "every byte is given back");
    CHECK_EQ(self()->slots.taken, slots, "every slot is given back");
}

static void programs_fault_and_are_destroyed(void)
{
    faults_prepare();
    for (int i = 0; i < 3; i++) {
        program_fault_check("null", FAULT_NOT_PRESENT, 8);
        program_fault_check("illegal", FAULT_ILLEGAL, 0);
        program_fault_check("", FAULT_NOT_PRESENT, PROGRAM_EXIT_ADDR + 1);
    }
    faults_finish();
}

/* A copy of the image, whose ABI note says something else. */
static void programs_of_another_abi_are_refused(void)
{
    struct program_spec spec;
    struct program program;
    user_addr_t copy;
    cap_addr_t frame;
    const char *why = "";
    uint64_t hash = ABI_HASH;

    if (!spec_make(&spec, "")) {
        return;
    }
    uint64_t bytes = (spec.image_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);

    CHECK_EQ(region_create(bytes, PROT_READ | PROT_WRITE, &copy, &frame), ERR_OK,
             "room for a copy");
    memcpy((void *)copy, spec.image, spec.image_bytes);
    for (size_t i = 0; i + 8 <= spec.image_bytes; i += 4) {
        if (memcmp((char *)copy + i, &hash, 8) == 0) {
            ((char *)copy)[i] ^= 1;
        }
    }
    spec.image = (const void *)copy;
    CHECK_EQ(program_create(&spec, &program, &why), ERR_WRONG_TYPE, "it is refused");
    CHECK(strncmp(why, "it was built for another ABI", 28) == 0, "and the reason is given");
    region_destroy(copy, bytes, frame);
}

/* Whatever step fails for want of memory, nothing is left behind. */
static void programs_that_do_not_fit_leave_nothing(void)
{
    uint32_t failures = 0;

    for (uint64_t kib = 4; kib <= 256; kib += 4) {
        struct program_spec spec;
        struct program program;
        const char *why = "";
        uint64_t free_bytes = self()->memory.free_bytes;
        uint32_t slots = self()->slots.taken;

        if (!spec_make(&spec, "")) {
            return;
        }
        spec.memory_bytes = kib * KIB;
        err_t err = program_create(&spec, &program, &why);

        CHECK_EQ(err == ERR_OK ? ERR_NO_MEMORY : err, ERR_NO_MEMORY, "it fits or it does not");
        failures += err != ERR_OK;
        program_destroy(&program);
        CHECK_EQ(self()->memory.free_bytes, free_bytes, "every byte is given back");
        CHECK_EQ(self()->slots.taken, slots, "every slot is given back");
    }
    CHECK(failures > 10 && failures < 64, "some fitted and some did not");
}

const struct userlib_test program_tests[] = {
    { "programs_fault_and_are_destroyed", programs_fault_and_are_destroyed },
    { "programs_of_another_abi_are_refused", programs_of_another_abi_are_refused },
    { "programs_that_do_not_fit_leave_nothing", programs_that_do_not_fit_leave_nothing },
    { 0 },
};
