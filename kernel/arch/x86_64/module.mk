# SPDX-License-Identifier: MIT
module := kernel/arch/x86_64
kind := kernel
target_sources := boot.S entry.S fast.S memory.S acpi.c apic.c clock.c cpu.c defences.c fpu.c machine_check.c paging.c panic.c ports.c pvh.c start.c \
                  thread.c trap.c vtd.c vtd_interrupts.c vtd_tables.c
one_sources := one/cores.c
many_sources := many/apic.c many/cores.c many/locks.c many/others.c many/same.c many/start.c many/trampoline.S
offsets := offsets.c
uses := abi kernel/arch kernel/cap kernel/core kernel/object
tests := test/acpi_test.c test/same_test.c test/vtd_test.c
test_sources := acpi.c many/same.c vtd.c vtd_tables.c
