# SPDX-License-Identifier: MIT
module := tests/steps
kind := program
name := warden_steps
sources := main.c snapshot.c
uses := abi lib/block lib/pith lib/service lib/system
