# SPDX-License-Identifier: MIT
module := tests/boot/restart
kind := program
name := test_restart
sources := restart.c
uses := abi lib/pith
