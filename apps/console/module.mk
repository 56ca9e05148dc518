# SPDX-License-Identifier: MIT
module := apps/console
kind := program
sources := main.c io.c input.c table.c complete.c commands.c top.c log.c change.c files.c processes.c
uses := abi lib/file lib/line lib/log lib/pith lib/process lib/service lib/sha256 lib/system lib/terminal
