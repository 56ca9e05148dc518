/* SPDX-License-Identifier: MIT */
/* Names that this module and lib/posix/program.ld share. */
#pragma once

/* Places, from the linker script; tls_align is a number, as the address of nothing. */
extern char tls_image_start[], tls_image_end[], tls_end[], tls_align[], thread_pointer[],
    tls_space[];

/* The linker script asks for it, so that the file with it is linked. */
extern const char musl_tls_is_linked;
