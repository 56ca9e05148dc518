# SPDX-License-Identifier: MIT
module := lib/fileserve
kind := lib
sources := src/place.c src/requests.c
target_sources := src/clients.c src/listing.c src/no_grants.c src/read_only.c
uses := abi lib/file lib/pith lib/ring lib/service
tests := test/place_test.c test/requests_test.c
test_uses := lib/block/fake
