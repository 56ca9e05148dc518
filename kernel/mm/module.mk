# SPDX-License-Identifier: MIT
module := kernel/mm
kind := kernel
sources := methods.c runs.c vspace.c
uses := abi kernel/cap kernel/core kernel/object
