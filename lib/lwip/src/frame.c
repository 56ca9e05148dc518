/* SPDX-License-Identifier: MIT */
#include "lwip_port/frame.h"

#include "lwip/pbuf.h"

/* custom is first: lwIP gives us back a pointer to it. */
struct frame {
    struct pbuf_custom custom;
    frame_release_t release;
    void *context;
    uint64_t cookie;
    struct frame *next_free;
};

static struct {
    struct frame frames[NET_BORROWED_FRAMES];
    struct frame *first_free;
    uint32_t lent;
} pool;

void frame_pool_init(void)
{
    pool.first_free = NULL;
    pool.lent = 0;
    for (uint32_t i = NET_BORROWED_FRAMES; i-- > 0;) {
        pool.frames[i].next_free = pool.first_free;
        pool.first_free = &pool.frames[i];
    }
}

static void frame_freed(struct pbuf *pbuf)
{
    struct frame *frame = (struct frame *)(void *)pbuf;
    frame_release_t release = frame->release;
    void *context = frame->context;
    uint64_t cookie = frame->cookie;

    frame->next_free = pool.first_free;
    pool.first_free = frame;
    pool.lent--;
    release(context, cookie);
}

struct pbuf *frame_lend(void *data, uint16_t length, frame_release_t release, void *context,
                        uint64_t cookie)
{
    struct frame *frame = pool.first_free;

    if (frame == NULL) {
        return NULL;
    }
    pool.first_free = frame->next_free;
    pool.lent++;
    frame->custom.custom_free_function = frame_freed;
    frame->release = release;
    frame->context = context;
    frame->cookie = cookie;
    return pbuf_alloced_custom(PBUF_RAW, length, PBUF_REF, &frame->custom, data, length);
}

uint32_t frames_lent(void)
{
    return pool.lent;
}
