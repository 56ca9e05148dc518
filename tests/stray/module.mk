# SPDX-License-Identifier: MIT
module := tests/stray
kind := program
name := stray_driver
sources := main.c
uses := abi lib/driver lib/pith lib/service
