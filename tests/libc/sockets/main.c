/* SPDX-License-Identifier: MIT */
/*
 * An echo server (`serve PORT`, TCP on many connections and UDP, until a connection says "end"), a client (`call HOST
 * PORT KIB`, the host by name or number), and what goes wrong (`wrong`). Sockets as POSIX has them, and nothing else.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 12, LISTENER = 0, DATAGRAMS = 1, PIECE = 8192, WAIT_MS = 20000 };

static struct pollfd sockets[SOCKETS];
static int has_ended;

static struct sockaddr_in address_of(const char *host, int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    (void)inet_pton(AF_INET, host, &address.sin_addr);
    return address;
}

static void connection_take(void)
{
    struct sockaddr_in from;
    socklen_t bytes = sizeof(from);
    char text[INET_ADDRSTRLEN] = "";
    int fd = accept(sockets[LISTENER].fd, (struct sockaddr *)&from, &bytes);

    for (int i = DATAGRAMS + 1; fd >= 0 && i < SOCKETS; i++) {
        if (sockets[i].fd < 0) {
            sockets[i] = (struct pollfd){ fd, POLLIN, 0 };
            (void)inet_ntop(AF_INET, &from.sin_addr, text, sizeof(text));
            printf("= connection from %s\n", text);
            return;
        }
    }
    close(fd);
}

static void stream_echo(struct pollfd *socket)
{
    char piece[PIECE];
    ssize_t count = read(socket->fd, piece, sizeof(piece));

    has_ended |= count == 3 && memcmp(piece, "end", 3) == 0;
    if (count <= 0 || write(socket->fd, piece, (size_t)count) != count) {
        close(socket->fd);
        socket->fd = -1;
    }
}

static void datagram_echo(void)
{
    struct sockaddr_in from;
    socklen_t bytes = sizeof(from);
    char piece[2048];
    ssize_t count =
        recvfrom(sockets[DATAGRAMS].fd, piece, sizeof(piece), 0, (struct sockaddr *)&from, &bytes);

    if (count >= 0) {
        (void)sendto(sockets[DATAGRAMS].fd, piece, (size_t)count, 0, (struct sockaddr *)&from,
                     bytes);
    }
}

static int serve(int port)
{
    struct sockaddr_in here = address_of("0.0.0.0", port);
    struct sockaddr_in said = { 0 };
    socklen_t bytes = sizeof(said);

    for (int i = 0; i < SOCKETS; i++) {
        sockets[i] = (struct pollfd){ -1, POLLIN, 0 };
    }
    sockets[LISTENER].fd = socket(AF_INET, SOCK_STREAM, 0);
    sockets[DATAGRAMS].fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(sockets[LISTENER].fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
        bind(sockets[DATAGRAMS].fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
        listen(sockets[LISTENER].fd, 8) != 0 ||
        getsockname(sockets[DATAGRAMS].fd, (struct sockaddr *)&said, &bytes) != 0) {
        printf("= cannot serve: errno %d\n", errno);
        return 1;
    }
    printf("= serving at %d\n", ntohs(said.sin_port));
    while (!has_ended) {
        if (poll(sockets, SOCKETS, WAIT_MS) <= 0) {
            return 2;
        }
        for (int i = 0; i < SOCKETS; i++) {
            if (sockets[i].fd < 0 || sockets[i].revents == 0) {
                continue;
            }
            if (i == LISTENER) {
                connection_take();
            } else if (i == DATAGRAMS) {
                datagram_echo();
            } else {
                stream_echo(&sockets[i]);
            }
        }
    }
    return 0;
}

static unsigned char byte_of(size_t at)
{
    return (unsigned char)(at * 2654435761u >> 13);
}

/* Sends and receives at the same time; how many bytes came back right. */
static size_t talk(int fd, size_t bytes)
{
    unsigned char piece[PIECE];
    struct pollfd ready = { fd, POLLIN | POLLOUT, 0 };
    size_t sent = 0;
    size_t right = 0;

    while (right < bytes && poll(&ready, 1, WAIT_MS) > 0) {
        if ((ready.revents & POLLIN) != 0) {
            ssize_t count = recv(fd, piece, sizeof(piece), 0);

            for (ssize_t i = 0; i < count; i++) {
                right += piece[i] == byte_of(right);
            }
            if (count <= 0) {
                break;
            }
        }
        if ((ready.revents & POLLOUT) != 0 && sent < bytes) {
            size_t count = bytes - sent < sizeof(piece) ? bytes - sent : sizeof(piece);

            for (size_t i = 0; i < count; i++) {
                piece[i] = byte_of(sent + i);
            }
            ssize_t done = send(fd, piece, count, MSG_DONTWAIT | MSG_NOSIGNAL);

            sent += done > 0 ? (size_t)done : 0;
        }
        if (sent == bytes) {
            ready.events = POLLIN;
        }
    }
    return right;
}

/* By select(). */
static int is_writable(int fd, long seconds, long microseconds)
{
    struct timeval time = { seconds, microseconds };
    unsigned number = (unsigned)fd;
    fd_set out;

    FD_ZERO(&out);
    FD_SET(number, &out);
    return select(fd + 1, NULL, &out, NULL, &time) == 1 && FD_ISSET(number, &out) != 0;
}

/* Begun, then waited for. 0, or why not. */
static int connect_slowly(int fd, const struct addrinfo *to)
{
    int flags = fcntl(fd, F_GETFL);
    int error = 0;
    socklen_t bytes = sizeof(error);

    (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0 && errno != EINPROGRESS) {
        return errno;
    }
    if (!is_writable(fd, WAIT_MS / 1000, 0)) {
        return ETIMEDOUT;
    }
    (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
    (void)fcntl(fd, F_SETFL, flags);
    return error;
}

/* What has come fills the first part: that is all for now. */
static void parts_try(int fd)
{
    const struct timeval patience = { WAIT_MS / 1000, 0 };
    char first[4] = "";
    char more[4] = "";
    struct iovec parts[] = { { first, 4 }, { more, 4 } };

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    time_t before = time(NULL);
    ssize_t sent = send(fd, "four", 4, MSG_NOSIGNAL);
    ssize_t got = readv(fd, parts, 2);

    printf("= %zd sent, readv %zd %.4s, %s\n", sent, got, first,
           time(NULL) - before < WAIT_MS / 2000 ? "at once" : "late");
}

static int call(const char *host, const char *port, size_t bytes)
{
    const struct addrinfo wanted = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char text[INET_ADDRSTRLEN] = "";
    char last;
    int err = getaddrinfo(host, port, &wanted, &found);

    if (err != 0) {
        printf("= no address: %d\n", err);
        return 3;
    }
    const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)found->ai_addr;
    int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);

    (void)inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text));
    printf("= %s is %s\n", host, text);
    err = connect_slowly(fd, found);
    if (err != 0) {
        printf("= cannot connect: errno %d\n", err);
        return 4;
    }
    printf("= %zu bytes came back right\n", talk(fd, bytes));
    parts_try(fd);
    printf("= shutdown %d", shutdown(fd, SHUT_WR));
    printf(", then the end: %zd\n", recv(fd, &last, 1, 0));
    freeaddrinfo(found);
    return close(fd);
}

static void say(const char *what, long result)
{
    printf("= %s: %d\n", what, result >= 0 ? 0 : errno);
}

/* Nobody has that address: the connection is begun for long. */
static void options_try(void)
{
    struct sockaddr_in nobody = address_of("10.0.2.77", 1);
    int stream = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int one = 1;

    say("no delay", setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
    say("keep alive", setsockopt(stream, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)));
    say("linger", setsockopt(stream, SOL_SOCKET, SO_LINGER, &one, sizeof(one)));
    say("begun", connect(stream, (struct sockaddr *)&nobody, sizeof(nobody)));
    printf("= ready after a moment: %d\n", is_writable(stream, 0, 50000));
    say("it has no peer yet",
        getpeername(stream, (struct sockaddr *)&nobody, &(socklen_t){ sizeof(nobody) }));
    close(stream);
}

static int wrong(void)
{
    struct sockaddr_in here = address_of("0.0.0.0", 0);
    struct sockaddr_in nobody = address_of("10.0.2.15", 9);
    const struct timeval soon = { 0, 20000 };
    char text[4] = "";
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    int datagram = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    say("another family", socket(AF_UNIX, SOCK_STREAM, 0));
    say("another protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    say("no socket", listen(1, 1));
    say("nothing", recv(77, text, 1, 0));
    say("not connected", send(stream, "x", 1, MSG_NOSIGNAL));
    say("refused", connect(stream, (struct sockaddr *)&nobody, sizeof(nobody)));
    say("nothing came", recv(datagram, text, 1, 0));
    say("to nobody", send(datagram, "x", 1, 0));
    say("bind", bind(datagram, (struct sockaddr *)&here, sizeof(here)));
    say("patience", setsockopt(datagram, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
    say("no delay of datagrams",
        setsockopt(datagram, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)));
    options_try();
    say("poll of nothing", poll(&(struct pollfd){ datagram, POLLIN, 0 }, 1, 10));
    return 0;
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "serve") == 0) {
        return serve(atoi(arguments[2]));
    }
    if (count == 5 && strcmp(arguments[1], "call") == 0) {
        return call(arguments[2], arguments[3], (size_t)atol(arguments[4]) * 1024);
    }
    return wrong();
}
