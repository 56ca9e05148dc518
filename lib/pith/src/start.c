/* SPDX-License-Identifier: MIT */
/* From the first instruction to main(). The note is what the kernel and loaders compare; we ask as well. */
#include "pith/start.h"

#include "abi/boot_info.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/program_info.h"
#include "pith/self.h"
#include "thread_entry.h"

enum { STATUS_WRONG_ABI = 254, STATUS_NO_START = 253 };

/* An ELF note: name "Pith", type 1, the ABI that the program was built for. */
static const struct {
    uint32_t name_bytes, desc_bytes, type;
    char name[8];
    uint32_t desc[2];
} note __attribute__((used, aligned(4), section(".note.pith"))) = {
    5, 8, 1, "Pith", { (uint32_t)ABI_HASH, (uint32_t)(ABI_HASH >> 32) }
};

static uint64_t magic_at_start(void)
{
    return *(const uint64_t *)BOOT_INFO_ADDR;
}

_Noreturn void program_exit(int status)
{
    if (magic_at_start() == BOOT_INFO_MAGIC) {
        (void)!machine_restart(ROOT_SLOT_MACHINE, 0, (uint32_t)status & 0xff);
    }
    for (;;) {
        volatile uintptr_t address = PROGRAM_EXIT_ADDR + (unsigned char)status;

        *(volatile char *)address = 0;
    }
}

/* A C library has a beginning of its own (lib/posix). */
__attribute__((weak)) int program_main(void)
{
    return main();
}

static void abi_check(void)
{
    uint64_t hash = 0;

    if (abi_version(&hash) != ERR_OK || hash != ABI_HASH) {
        debug_printf("this program was built for ABI %lx, the kernel has %lx: build it again\n",
                     (uint64_t)ABI_HASH, hash);
        program_exit(STATUS_WRONG_ABI);
    }
}

_Noreturn void program_start(struct thread_block *block)
{
    _Static_assert((int)ROOT_SLOT_THREAD == (int)PROGRAM_SLOT_THREAD,
                   "one place for every program");
    *block = (struct thread_block){
        .thread = PROGRAM_SLOT_THREAD,
        .buffer = (struct msg_buffer *)BOOT_BUFFER_ADDR,
    };
    abi_check();
    err_t err = self_init();

    if (err) {
        debug_printf("this program cannot start: error %d\n", (int)err);
        program_exit(STATUS_NO_START);
    }
    program_exit(program_main());
}
