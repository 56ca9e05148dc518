/* SPDX-License-Identifier: MIT */
/*
 * Segments are checked here before lwIP's tcp_input() sees them (module.mk gives that function another
 * name). lwIP takes a new maximum segment size at any time and of any size; one smaller than
 * what already waits to be sent makes an assertion fail.
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
