# SPDX-License-Identifier: MIT
module := servers/pci
kind := program
name := pci
sources := main.c
uses := abi lib/pci lib/pith lib/service
