# SPDX-License-Identifier: MIT
module := tests/harm
kind := program
name := harm
sources := main.c hang.c options.c snapshot.c steps.c
uses := abi lib/block lib/pith lib/service lib/system
