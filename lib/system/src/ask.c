/* SPDX-License-Identifier: MIT */
#include "system/ask.h"

#include "pith/self.h"
#include "pith/string.h"
#include "pith/syscall.h"

err_t system_ask(enum system_op op, uint64_t words[8], ns_t deadline_ns)
{
    msg_info_t info = MSG_INFO(op, 8, 0);
    err_t err = ipc_call(self_cap("system"), &info, words, deadline_ns);

    return err ? err : (err_t)MSG_LABEL(info);
}

err_t system_find(const char *wanted, ns_t deadline_ns, uint64_t *number)
{
    system_name_t name;

    for (uint64_t i = 0;; i++) {
        uint64_t words[8] = { i };
        err_t err = system_ask(SYSTEM_PROGRAM, words, deadline_ns);

        if (err) {
            return err == ERR_RANGE ? ERR_NO_ENTRY : err;
        }
        system_name(words, name);
        if (strcmp(name, wanted) == 0) {
            *number = i;
            return ERR_OK;
        }
    }
}
