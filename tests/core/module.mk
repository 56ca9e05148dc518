# SPDX-License-Identifier: MIT
module := tests/core
kind := host_test_lib
sources := boot_machine.c boot_program.c last_words.c outcome.c preempt_cases.c situation.c
uses := abi kernel/arch kernel/arch/host kernel/core kernel/mm tests/fuzz/graph tests/host
tests := arguments_test.c boot_plan_test.c boot_test.c budget_test.c delete_test.c groups_test.c meet_test.c memory_test.c names_test.c objects_test.c panic_test.c preempt_test.c timers_test.c
test_uses := kernel/cap kernel/object
