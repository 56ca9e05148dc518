# SPDX-License-Identifier: MIT
module := lib/line/screen
kind := host_test_lib
sources := screen.c
uses :=
