/* SPDX-License-Identifier: MIT */
/* TCP over the loopback interface, between two processes. */
#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "marks/marks.h"

enum {
    PORT = 7007,
    PINGPONG_TURNS = 2000,
    WARM_UP = 100,
    CHUNK = 64 * 1024,  /* of one call */
    TURN = 1024 * 1024, /* bytes of one turn of bulk */
    BULK_TURNS = 20,
};

static const struct sockaddr_in here = { .sin_family = AF_INET };

static void loopback_up(void)
{
    struct ifreq request = { 0 };
    int one = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    strcpy(request.ifr_name, "lo");
    must(one >= 0 && ioctl(one, SIOCGIFFLAGS, &request) == 0, "lo");
    request.ifr_flags |= IFF_UP;
    must(ioctl(one, SIOCSIFFLAGS, &request) == 0, "lo up");
    close(one);
}

static int listen_here(void)
{
    struct sockaddr_in address = here;
    int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons(PORT);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(one >= 0 && bind(one, (void *)&address, sizeof(address)) == 0 && listen(one, 8) == 0,
         "listen");
    return one;
}

static int connect_here(void)
{
    struct sockaddr_in address = here;
    int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;

    address.sin_port = htons(PORT);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(one >= 0 && connect(one, (void *)&address, sizeof(address)) == 0, "connect");
    setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return one;
}

static int accept_here(int listener)
{
    int yes = 1;
    int one = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    must(one >= 0, "accept");
    setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return one;
}

static void echo(void *listener)
{
    int one = accept_here(*(int *)listener);
    char byte;

    while (read(one, &byte, 1) == 1) {
        must(write(one, &byte, 1) == 1, "echo");
    }
}

static void bench_pingpong(int listener)
{
    int peer = child(echo, &listener);
    int one = connect_here();

    for (int i = 0; i < WARM_UP + PINGPONG_TURNS; i++) {
        char byte = (char)i;

        if (i < WARM_UP) {
            must(write(one, &byte, 1) == 1 && read(one, &byte, 1) == 1, "ping");
            continue;
        }
        MARK_BEGIN(ROW_TCP_PINGPONG);
        must(write(one, &byte, 1) == 1 && read(one, &byte, 1) == 1, "ping");
        MARK_END(ROW_TCP_PINGPONG);
        must(byte == (char)i, "pong");
    }
    close(one);
    waitpid(peer, NULL, 0);
}

static char chunk[CHUNK];

static void source(void *listener)
{
    int one = accept_here(*(int *)listener);

    while (write(one, chunk, sizeof(chunk)) > 0) {
    }
}

static void bench_bulk(int listener)
{
    int peer = child(source, &listener);
    int one = connect_here();

    for (int i = 0; i < BULK_TURNS; i++) {
        MARK_BEGIN(ROW_TCP_BULK);
        for (size_t got = 0; got < TURN;) {
            size_t left = TURN - got < CHUNK ? TURN - got : CHUNK;
            ssize_t done = read(one, chunk, left);

            must(done > 0, "bulk");
            got += (size_t)done;
        }
        MARK_END(ROW_TCP_BULK);
    }
    close(one);
    waitpid(peer, NULL, 0);
}

void bench_net(void)
{
    int listener;

    loopback_up();
    listener = listen_here();
    bench_pingpong(listener);
    bench_bulk(listener);
    close(listener);
}
