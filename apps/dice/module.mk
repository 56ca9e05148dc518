# SPDX-License-Identifier: MIT
module := apps/dice
kind := program
sources := main.c
uses := abi lib/pith lib/random
