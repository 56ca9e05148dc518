/* SPDX-License-Identifier: MIT */
/* Code for a prisoner whose registers are all written before; each piece ends with ud2. */
#pragma once

/*
 * entry_with_flags - puts rbp into the flags, makes the system call that is in the other registers, and has the flags
 * as they are after it in rbp.
 * entry_far_jump - by the address (32 bits) and the selector that rdi points to. (A far return would do as well, but QEMU 7.2 takes its reads of
 * the stack for the kernel's, which SMAP forbids.)
 */
extern const char entry_with_flags[], entry_with_flags_end[], entry_far_jump[], entry_far_there[];
