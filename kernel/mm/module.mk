# SPDX-License-Identifier: MIT
module := kernel/mm
kind := kernel
sources := io_methods.c methods.c runs.c vspace.c
uses := abi kernel/arch kernel/cap kernel/core kernel/object
