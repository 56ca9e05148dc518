# SPDX-License-Identifier: MIT
module := servers/files
kind := program
sources := src/async.c src/main.c src/disk.c src/grants.c src/mount.c src/ops.c src/read.c src/serve.c
uses := abi lib/block lib/cache lib/ext4 lib/file lib/fileserve lib/partition lib/pith lib/ring lib/service lib/system
