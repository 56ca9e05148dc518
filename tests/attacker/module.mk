# SPDX-License-Identifier: MIT
module := tests/attacker
kind := program
sources := main.c changes.c files.c net.c random.c rings.c system.c views.c
uses := abi lib/block lib/file lib/link lib/pith lib/service lib/socket lib/system
