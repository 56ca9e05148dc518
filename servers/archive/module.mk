# SPDX-License-Identifier: MIT
module := servers/archive
kind := program
sources := main.c members.c
uses := abi lib/file lib/fileserve lib/pith lib/service
