/* SPDX-License-Identifier: MIT */
/* The least that sends files by HTTP: one connection at a time, by sendfile. The address is that of QEMU's user network. */
#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PORT = 80, HEAD_BYTES = 4096 };

static struct sockaddr *address_in(struct ifreq *request, const char *text)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(text) };

    memcpy(&request->ifr_addr, &address, sizeof(address));
    return &request->ifr_addr;
}

static void interface_up(void)
{
    struct ifreq request = { 0 };
    int one = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    strcpy(request.ifr_name, "eth0");
    (void)address_in(&request, "10.0.2.15");
    must(one >= 0 && ioctl(one, SIOCSIFADDR, &request) == 0, "eth0");
    (void)address_in(&request, "255.255.255.0");
    must(ioctl(one, SIOCSIFNETMASK, &request) == 0, "netmask");
    must(ioctl(one, SIOCGIFFLAGS, &request) == 0, "flags");
    request.ifr_flags |= IFF_UP;
    must(ioctl(one, SIOCSIFFLAGS, &request) == 0, "eth0 up");
    close(one);
}

/* "GET /name ...": the file, or -1. */
static int file_asked(char *head)
{
    char path[HEAD_BYTES + 8];
    char *end = strncmp(head, "GET /", 5) == 0 ? strchr(head + 5, ' ') : NULL;

    if (end == NULL) {
        return -1;
    }
    *end = 0;
    snprintf(path, sizeof(path), "/disk/%s", head + 5);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static void answer(int one)
{
    char head[HEAD_BYTES];
    size_t got = 0;
    ssize_t more = 1;
    struct stat about;

    head[0] = 0;
    while (got < sizeof(head) - 1 && strstr(head, "\r\n\r\n") == NULL && more > 0) {
        more = read(one, head + got, sizeof(head) - 1 - got);
        got += more > 0 ? (size_t)more : 0;
        head[got] = 0;
    }
    int file = file_asked(head);

    if (file < 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        dprintf(one, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    } else {
        dprintf(one, "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\nConnection: close\r\n\r\n",
                (long long)about.st_size);
        for (off_t at = 0; at < about.st_size;) {
            if (sendfile(one, file, &at, (size_t)(about.st_size - at)) <= 0) {
                break;
            }
        }
    }
    if (file >= 0) {
        close(file);
    }
}

void serve(void)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    interface_up();
    must(listener >= 0 && bind(listener, (void *)&here, sizeof(here)) == 0 &&
             listen(listener, 8) == 0,
         "listen");
    printf("init serves\n");
    for (;;) {
        int one = accept(listener, NULL, NULL);

        must(one >= 0, "accept");
        answer(one);
        close(one);
    }
}
