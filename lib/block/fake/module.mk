# SPDX-License-Identifier: MIT
module := lib/block/fake
kind := host_test_lib
sources := fake.c
uses := abi lib/pith lib/ring lib/service
