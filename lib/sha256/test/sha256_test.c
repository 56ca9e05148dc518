/* SPDX-License-Identifier: MIT */
/* Against sha256sum of this machine. */
#include "sha256/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host_test/test.h"

enum { LENGTH_MAX = 200, LONG_BYTES = 1000003 };

static void text_of(struct sha256 *hash, char text[2 * SHA256_BYTES + 1])
{
    unsigned char digest[SHA256_BYTES];

    sha256_finish(hash, digest);
    for (unsigned i = 0; i < SHA256_BYTES; i++) {
        snprintf(text + (size_t)i * 2, 3, "%02x", digest[i]);
    }
}

static bool host_sum(const void *data, size_t bytes, char text[2 * SHA256_BYTES + 1])
{
    char name[] = "/tmp/sha256_testXXXXXX";
    char command[64];
    int fd = mkstemp(name);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    FILE *pipe;
    bool is_good;

    if (file == NULL) {
        return false;
    }
    is_good = fwrite(data, 1, bytes, file) == bytes;
    is_good &= fclose(file) == 0;
    snprintf(command, sizeof(command), "sha256sum %s", name);
    pipe = popen(command, "r");
    is_good = is_good && pipe != NULL && fgets(text, 2 * SHA256_BYTES + 1, pipe) != NULL;
    if (pipe != NULL) {
        is_good &= pclose(pipe) == 0;
    }
    (void)unlink(name);
    return is_good;
}

TEST(the_examples_of_the_standard)
{
    char text[2 * SHA256_BYTES + 1];
    struct sha256 hash;

    sha256_start(&hash);
    text_of(&hash, text);
    CHECK(strcmp(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0,
          "of nothing");
    sha256_start(&hash);
    sha256_add(&hash, "abc", 3);
    text_of(&hash, text);
    CHECK(strcmp(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0,
          "of abc");
}

static void compare(const unsigned char *data, size_t bytes)
{
    char got[2 * SHA256_BYTES + 1];
    char wanted[2 * SHA256_BYTES + 1];
    struct sha256 hash;

    sha256_start(&hash);
    for (size_t at = 0; at < bytes;) {
        size_t part = 1 + test_random(at < 1000 ? 70 : 5000);

        part = part < bytes - at ? part : bytes - at;
        sha256_add(&hash, data + at, part);
        at += part;
    }
    text_of(&hash, got);
    CHECK(host_sum(data, bytes, wanted), "the host counts");
    CHECK(strcmp(got, wanted) == 0, "the same in pieces");
}

TEST(every_length_around_a_block_is_as_the_host_has_it)
{
    static unsigned char data[LONG_BYTES];

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (unsigned char)test_random(256);
    }
    for (size_t bytes = 1; bytes < LENGTH_MAX && !test_has_failed(); bytes += 3) {
        compare(data, bytes);
    }
    for (size_t bytes = 55; bytes <= 65; bytes++) {
        compare(data, bytes);
    }
    compare(data, sizeof(data));
}
