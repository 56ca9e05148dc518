# SPDX-License-Identifier: MIT
module := kernel/mm
kind := kernel
sources := io_methods.c methods.c runs.c vspace.c
many_sources := space_lock.c
uses := abi kernel/arch kernel/cap kernel/core kernel/object
