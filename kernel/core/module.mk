# SPDX-License-Identifier: MIT
module := kernel/core
kind := kernel
sources := boot.c boot_plan.c command_line.c core.c cpio.c dmar.c elf.c multiboot.c panic.c print.c processor.c speculation.c trace.c
many_sources := alone.c inbox.c turn.c
uses := kernel/arch kernel/cap kernel/ipc kernel/mm kernel/object kernel/sched abi
tests := test/boot_files_test.c test/dmar_test.c test/multiboot_test.c test/processor_test.c test/speculation_test.c
