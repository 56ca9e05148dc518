# SPDX-License-Identifier: MIT
module := drivers/console/virtio/port
kind := lib
sources := port.c
uses := lib/pith lib/terminal lib/virtio
tests := test/port_test.c
test_uses := lib/block/fake lib/virtio/fake
