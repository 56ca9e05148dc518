# SPDX-License-Identifier: MIT
# Built as a shared object by the Makefile; here for its tests and for the checkers.
module := bench/plugin
kind := host_test_lib
sources := decode.c icount.c locks.c report.c sharing.c
tests := test/decode_test.c
