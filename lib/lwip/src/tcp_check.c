/* SPDX-License-Identifier: MIT */
/*
 * Segments are checked here before lwIP's tcp_input() sees them, and writes before its tcp_write() does
 * (module.mk gives those functions other names). lwIP takes a new maximum segment size at any time
 * and of any size, and it sends segments of at most half the largest window it saw, but for the
 * window 0: either way the limit can become smaller than what waits to be sent, which it asserts on.
 */
#include "lwip_port/tcp_check.h"

#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"
#include "lwip/stats.h"

enum {
    OPTION_END = 0,
    OPTION_NOTHING = 1,
    OPTION_MSS = 2,
    MSS_BYTES = 4,
    MSS_MIN = 64,
    FLAG_SYN = 2
};

/* Option MSS: only when a connection begins (RFC 9293, 3.2), and not absurd. */
static bool mss_is_sane(const struct pbuf *p, u16_t at, int flags)
{
    int high = pbuf_try_get_at(p, (u16_t)(at + 2));
    int low = pbuf_try_get_at(p, (u16_t)(at + 3));

    return (flags & FLAG_SYN) != 0 && high >= 0 && low >= 0 && high * 256 + low >= MSS_MIN;
}

bool tcp_segment_is_sane(const struct pbuf *p)
{
    int offset = pbuf_try_get_at(p, 12);
    int flags = pbuf_try_get_at(p, 13);
    u16_t end = (u16_t)((offset >> 4) * 4);

    if (offset < 0 || flags < 0 || end < TCP_HLEN || end > p->tot_len) {
        return false;
    }
    for (u16_t at = TCP_HLEN; at < end;) {
        int kind = pbuf_try_get_at(p, at);

        if (kind == OPTION_END) {
            break;
        }
        if (kind == OPTION_NOTHING) {
            at++;
            continue;
        }
        int length = pbuf_try_get_at(p, (u16_t)(at + 1));

        if (length < 2 || length > end - at) {
            return false;
        }
        if (kind == OPTION_MSS && length == MSS_BYTES && !mss_is_sane(p, at, flags)) {
            return false;
        }
        at = (u16_t)(at + length);
    }
    return true;
}

void tcp_input(struct pbuf *p, struct netif *inp)
{
    if (!tcp_segment_is_sane(p)) {
        TCP_STATS_INC(tcp.proterr);
        TCP_STATS_INC(tcp.drop);
        (void)pbuf_free(p);
        return;
    }
    tcp_input_unchecked(p, inp);
}

/* As tcp_write() computes it. */
static uint32_t segment_limit(const struct tcp_pcb *pcb)
{
    uint32_t limit = LWIP_MIN(pcb->mss, pcb->snd_wnd_max / 2);

    limit = limit != 0 ? limit : pcb->mss;
    if ((pcb->flags & TF_TIMESTAMP) != 0) {
        limit = LWIP_MAX(limit, LWIP_TCP_OPT_LEN_TS + 1);
    }
    return limit;
}

err_t tcp_write(struct tcp_pcb *pcb, const void *data, u16_t length, u8_t flags)
{
    const struct tcp_seg *last = pcb->unsent;

    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    if (last != NULL &&
        segment_limit(pcb) < last->len + (uint32_t)LWIP_TCP_OPT_LENGTH(last->flags)) {
        return ERR_MEM; /* not now: when that segment is out */
    }
    return tcp_write_unchecked(pcb, data, length, flags);
}
