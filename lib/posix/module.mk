# SPDX-License-Identifier: MIT
module := lib/posix
kind := lib
target_sources := src/entry.S src/start.c src/syscall.c src/thread.c src/memory.c src/time.c src/lock.c src/net.c src/socket.c src/socket_data.c src/socket_info.c src/futex.c src/errors.c \
                  src/descriptor.c src/tree.c src/open.c src/transfer.c src/status.c src/directory.c src/resolver.c \
                  src/write.c src/change.c src/signal.c src/view.c src/select.c
uses := abi lib/file lib/pith lib/service lib/socket
