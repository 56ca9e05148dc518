/* SPDX-License-Identifier: MIT */
/* Instructions that fault: each function does at NAME_at, goes on at NAME_after, and then returns. */
#pragma once

#define STUB(name) extern const char name[], name##_at[], name##_after[];
STUB(stub_read)
STUB(stub_write)
STUB(stub_exec)
STUB(stub_illegal)
STUB(stub_divide)
STUB(stub_alignment)
STUB(stub_halt)
STUB(stub_canonical)
STUB(stub_interrupt)
STUB(stub_breakpoint)
STUB(stub_overflow)
STUB(stub_stack)
STUB(stub_x87)
STUB(stub_sse)
STUB(stub_no_fpu)
STUB(stub_in)
STUB(stub_out)
STUB(stub_steps)
#undef STUB
/* Every stub ends here; it restores the stack pointer, and flags. */
extern const char stub_end[];
