# SPDX-License-Identifier: MIT
module := apps/crasher
kind := program
sources := main.c
uses := lib/pith
