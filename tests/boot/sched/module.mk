# SPDX-License-Identifier: MIT
module := tests/boot/sched
kind := program
name := test_sched
sources := beat.c budget_test.c deadline_test.c depth_test.c group_test.c inversion_test.c latency_test.c notify_test.c order_test.c storm_test.c
uses := lib/pith tests/boot
