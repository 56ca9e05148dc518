/* SPDX-License-Identifier: MIT */
/* Does harm to a running system by the warden's interface, and looks what comes of it. tests/scenario starts it. */
#include "harm.h"

#include "block/client.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"

#include "abi/names.h"

enum { SECTOR_BYTES = 512, SECTORS = 1000, BAD = 0xa5 };
#define DISK_NS (3 * NS_PER_S)

static struct service service;
static struct block_client disk;

void pass(ns_t ns)
{
    ns_t end_ns = clock_now() + ns;

    while (service_wait(&service, end_ns) != SERVICE_TIME) {
        service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
    }
}

/* The emulated disk holds zeros. */
bool disk_is_read(void)
{
    static uint64_t sector;
    struct block_work work = { .operation = BLOCK_READ,
                               .bytes = SECTOR_BYTES,
                               .sector = sector,
                               .deadline_ns = clock_now() + DISK_NS };
    unsigned char *data = session_data(&disk.session);
    bool is_zero = true;

    sector = (sector + 1) % SECTORS;
    memset(data, BAD, SECTOR_BYTES);
    err_t err = block_client_transfer(&disk, &service, &work);

    for (uint32_t i = 0; i < SECTOR_BYTES; i++) {
        is_zero = is_zero && data[i] == 0;
    }
    if (err || !is_zero) {
        debug_printf("steps: the disk: %s, %s\n", error_name(err),
                     is_zero ? "zeros" : "other bytes");
    }
    return err == ERR_OK && is_zero;
}

int main(void)
{
    char what[8];
    uint32_t session = 0;
    const char *args = word_next(self_args(), what, sizeof(what));
    err_t err = session_find("block", false, 0, &session);

    if (err == ERR_OK) {
        err = block_client_open(&disk, session);
    }
    if (err) {
        debug_printf("harm: no disk: %s\n", error_name(err));
        return 1;
    }
    block_client_start(&disk, &service);
    if (strcmp(what, "steps") == 0) {
        steps_do(args);
    } else {
        hang_do(args);
    }
    return 0;
}
