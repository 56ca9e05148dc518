# SPDX-License-Identifier: MIT
module := bench/spinner
kind := program
sources := main.c
uses := abi bench/marks lib/pith lib/service
