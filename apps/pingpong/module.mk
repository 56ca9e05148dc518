# SPDX-License-Identifier: MIT
module := apps/pingpong
kind := program
sources := main.c
uses := lib/service
