# SPDX-License-Identifier: MIT
module := apps/herald
kind := program
sources := main.c
uses := abi lib/log lib/pith
