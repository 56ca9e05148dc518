# SPDX-License-Identifier: MIT
module := tests/fuzz/pci
kind := host_program
name := pci_fuzz
sources := pci_fuzz.c
uses := lib/pci lib/pci/fake tests/host
test_args := --runs 30000
