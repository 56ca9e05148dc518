# SPDX-License-Identifier: MIT
module := apps/control
kind := program
sources := main.c
uses := lib/pith
