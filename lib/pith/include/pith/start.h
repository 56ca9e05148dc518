/* SPDX-License-Identifier: MIT */
/*
 * How a program begins and ends. The library checks that the kernel speaks the ABI that the program
 * was built for, sets up struct self (pith/self.h), calls main() and ends the program when that returns.
 */
#pragma once

#include <stdint.h>

/** main() - the program's own. What it returns is shown to the parent as the program's status. */
int main(void);

/** program_main() - called by the start-up code; calls main(). lib/posix has another one. */
int program_main(void);

/**
 * program_exit() - end the program. The parent sees a fault at an address that says so, with the
 * status in it; the root program, which has no parent, turns the machine off with the status.
 */
_Noreturn void program_exit(int status);

/* An exit is a fault of kind NOT_PRESENT at PROGRAM_EXIT_ADDR + status (0..255), in the page never mapped. */
#define PROGRAM_EXIT_ADDR 0x100ull
#define PROGRAM_EXIT_STATUSES 256ull
