# SPDX-License-Identifier: MIT
module := apps/diskcheck
kind := program
sources := main.c options.c pattern.c pass.c
uses := abi lib/block lib/pith lib/service
