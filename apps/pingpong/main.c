/* SPDX-License-Identifier: MIT */
/* Answers every call on the interface "echo" with what came. The smallest server: copy it to begin one. */
#include "service/service.h"

int main(void)
{
    struct service service = { 0 };

    for (;;) {
        /* The message is its own answer: the next wait sends it. */
        (void)service_wait(&service, DEADLINE_NEVER);
    }
}
