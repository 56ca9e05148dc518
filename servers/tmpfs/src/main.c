/* SPDX-License-Identifier: MIT */
/* Files in memory that outlives this server: serves the protocol file from lib/tmpfs. docs/tmpfs.md says how and why. */
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/space.h"
#include "tmpfs_server.h"

#include "abi/names.h"

struct tmpfs tmpfs;

/* The memory that the supervisor keeps, and what is needed beside it. */
static err_t memory_map(user_addr_t *kept, uint64_t *bytes, user_addr_t *beside)
{
    cap_addr_t frame = self_cap("kept");
    cap_addr_t own;
    uint64_t base;
    uint32_t pages, class, cache;
    err_t err = frame == 0 ? ERR_NO_ENTRY : frame_info(frame, &base, &pages, &class, &cache);

    if (err) {
        return err;
    }
    *bytes = pages * PAGE_BYTES;
    err = region_reserve(*bytes, kept);
    if (err == ERR_OK) {
        err = region_map(*kept, frame, 0, pages, PROT_READ | PROT_WRITE);
    }
    if (err == ERR_OK) {
        uint64_t needed = tmpfs_memory_bytes(*bytes) + PAGE_BYTES - 1;

        err = region_create(needed & ~(PAGE_BYTES - 1), PROT_READ | PROT_WRITE, beside, &own);
    }
    return err;
}

static void report_tell(const struct tmpfs_report *report)
{
    if (report->is_replayed) {
        debug_printf("tmpfs: a change was completed\n");
    }
    if (report->is_mended) {
        debug_printf("tmpfs: DAMAGE: its head, which was mended\n");
    }
    if (report->lost != 0 || report->damaged != 0) {
        debug_printf("tmpfs: DAMAGE: %u files lost, %u in part\n", report->lost, report->damaged);
    }
    debug_printf("tmpfs: %u of %u names free\n", tmpfs.free_node_count, tmpfs.node_count - 2);
    debug_printf("tmpfs: %s, %u of %u KiB free\n", report->is_new ? "new" : "as it was",
                 tmpfs.free_page_count * 4, (tmpfs.page_count - tmpfs.page_first) * 4);
}

int main(void)
{
    struct tmpfs_report report;
    user_addr_t kept = 0, beside = 0;
    uint64_t bytes = 0;
    err_t err = memory_map(&kept, &bytes, &beside);

    tmpfs.now = clock_now();
    if (err == ERR_OK) {
        err = tmpfs_mount(&tmpfs, (void *)kept, bytes, (void *)beside, &report);
    }
    if (err == ERR_OK) {
        err = clients_init(sizeof(struct opened), opened_drop);
    }
    if (err) {
        debug_printf("tmpfs: it cannot start: %s (it needs keeps_kib and memory_kib)\n",
                     error_name(err));
        return 1;
    }
    report_tell(&report);
    clients_serve(request_read);
}
