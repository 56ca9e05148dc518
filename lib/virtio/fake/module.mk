# SPDX-License-Identifier: MIT
module := lib/virtio/fake
kind := host_test_lib
sources := fake.c
uses := lib/virtio
