# SPDX-License-Identifier: MIT
module := tests/core
kind := host_test_lib
sources := outcome.c preempt_cases.c situation.c
uses := abi kernel/arch/host kernel/core kernel/mm tests/fuzz/graph tests/host
tests := preempt_test.c
test_uses := kernel/cap
