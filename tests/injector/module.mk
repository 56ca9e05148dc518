# SPDX-License-Identifier: MIT
module := tests/injector
kind := program
name := injector
sources := main.c
uses := lib/service lib/pith lib/system
