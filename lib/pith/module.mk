# SPDX-License-Identifier: MIT
module := lib/pith
kind := lib
sources := src/archive.c src/elf.c src/format.c src/ranges.c src/slots.c
target_sources := src/start.S src/start.c src/self.c src/string.c src/debug.c src/memory.c src/object.c \
                  src/space.c src/clock.c src/lock.c src/thread.c src/program.c src/program_give.c
uses := abi
tests := test/pure_test.c
