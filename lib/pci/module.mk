# SPDX-License-Identifier: MIT
module := lib/pci
kind := lib
sources := src/capability.c src/function.c src/reset.c src/scan.c
uses := abi
tests := test/pci_test.c
test_uses := lib/pci/fake
