# SPDX-License-Identifier: MIT
module := drivers/random/virtio/source
kind := lib
sources := source.c
uses := abi lib/pith lib/virtio
tests := test/source_test.c
test_uses := lib/virtio/fake
