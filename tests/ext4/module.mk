# SPDX-License-Identifier: MIT
module := tests/ext4
kind := host_test_lib
sources := compare.c folder.c image.c tree.c
uses := lib/ext4 tests/host
