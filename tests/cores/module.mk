# SPDX-License-Identifier: MIT
module := tests/cores
kind := host_test_lib
sources := two_cores.c
uses := abi kernel/arch/host kernel/core kernel/object tests/fuzz/graph tests/host
tests := calls_test.c methods_test.c places_test.c replies_test.c time_test.c
