/* SPDX-License-Identifier: MIT */
/* Answers every call on the interface "echo" with what came. The smallest server: copy it to begin one. */
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"

#include "abi/names.h"

int main(void)
{
    cap_addr_t endpoint = self_cap("echo");
    uint64_t words[8] = { 0 };
    msg_info_t info = 0;
    uint64_t badge;
    uint64_t bits;
    err_t err = ipc_receive(endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);

    for (;;) {
        if (err == ERR_OK) {
            /* The message is its own answer: words have not left their registers. */
            err = ipc_reply_receive(endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);
        } else if (err == ERR_CALLER_GONE) {
            err = ipc_receive(endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);
        } else {
            debug_printf("echo: cannot serve: %s\n", error_name(err));
            return 1;
        }
    }
}
