# SPDX-License-Identifier: MIT
module := kernel/cap
kind := kernel
sources := cap.c revoke.c table_methods.c
uses := abi kernel/arch kernel/core kernel/mm kernel/object
