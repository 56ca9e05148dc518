# SPDX-License-Identifier: MIT
module := servers/log
kind := program
sources := main.c
uses := abi lib/log lib/pith lib/service
