# SPDX-License-Identifier: MIT
module := lib/pci/fake
kind := host_test_lib
sources := fake.c
uses := lib/pci
