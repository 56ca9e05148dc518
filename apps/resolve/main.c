/* SPDX-License-Identifier: MIT */
/* The addresses of names: `resolve NAME...`. Status 0: all have some. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static int resolve(const char *name)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int error = getaddrinfo(name, NULL, &hints, &found);

    if (error != 0) {
        printf("%s: %s\n", name, gai_strerror(error));
        return 1;
    }
    for (const struct addrinfo *one = found; one != NULL; one = one->ai_next) {
        char text[INET6_ADDRSTRLEN + 8] = "?";

        (void)getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), NULL, 0,
                          NI_NUMERICHOST);
        printf("%s is %s\n", name, text);
    }
    freeaddrinfo(found);
    return 0;
}

int main(int count, char **names)
{
    int status = 0;

    for (int i = 1; i < count; i++) {
        status |= resolve(names[i]);
    }
    return status;
}
