/* SPDX-License-Identifier: MIT */
/* What a message carries: registers, words in the pinned buffers, capabilities. */
#include <stddef.h>

#include "ipc/ipc.h"
#include "words.h"

struct transfer {
    struct cap *sources[MSG_CAPS_MAX];
    struct cap *destinations[MSG_CAPS_MAX];
    bool moves[MSG_CAPS_MAX];
    uint32_t count;
};

/* Errors: BAD_CAP, WRONG_TYPE (nothing that may not be copied), BUSY, TOO_DEEP. */
static err_t source_find(struct thread *from, uint32_t word, struct transfer *transfer,
                         uint32_t index)
{
    struct cap *cap;
    err_t err = cap_lookup_any(from->table, word & ~MSG_CAP_MOVE, &cap);

    if (err) {
        return err;
    }
    transfer->sources[index] = cap;
    transfer->moves[index] = (word & MSG_CAP_MOVE) != 0;
    for (uint32_t i = 0; i < index; i++) {
        if (transfer->sources[i] == cap) {
            return ERR_BAD_CAP; /* named twice: after a move the second would be empty */
        }
    }
    if (transfer->moves[index]) {
        return cap->flags & CAP_FROZEN || cap->first_child != NULL ? ERR_BUSY : ERR_OK;
    }
    if (!cap_may_copy(cap)) {
        return ERR_WRONG_TYPE;
    }
    return cap_may_derive(cap);
}

static err_t destination_find(struct thread *to, struct transfer *transfer, uint32_t index)
{
    /* Read once: the receiver may write its buffer at any time. */
    uint32_t slot = *(volatile uint32_t *)&to->buffer->receive_slots[index];

    if (slot == 0 || cap_lookup_empty(to->table, slot, &transfer->destinations[index])) {
        return ERR_NO_SLOT;
    }
    for (uint32_t i = 0; i < index; i++) {
        if (transfer->destinations[i] == transfer->destinations[index]) {
            return ERR_NO_SLOT;
        }
    }
    return ERR_OK;
}

static err_t caps_find(struct thread *from, struct thread *to, struct transfer *transfer)
{
    err_t err;

    for (uint32_t i = 0; i < transfer->count; i++) {
        uint32_t word = *(volatile uint32_t *)&from->buffer->send_caps[i];

        err = source_find(from, word, transfer, i);
        if (err) {
            return err;
        }
    }
    if (to->buffer == NULL || to->table == NULL) {
        return ERR_NO_SLOT;
    }
    for (uint32_t i = 0; i < transfer->count; i++) {
        err = destination_find(to, transfer, i);
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static void caps_move(const struct transfer *transfer)
{
    for (uint32_t i = 0; i < transfer->count; i++) {
        if (transfer->moves[i]) {
            cap_move(transfer->sources[i], transfer->destinations[i]);
        } else {
            cap_derive(transfer->sources[i], transfer->sources[i], transfer->destinations[i],
                       UINT32_MAX);
        }
    }
}

err_t message_transfer(struct thread *from, struct thread *to, msg_info_t *info, bool may_grant)
{
    uint32_t words = MSG_WORDS(*info);
    struct transfer transfer = { .count = MSG_CAPS(*info) };
    err_t err;

    if (words > MSG_WORDS_MAX || transfer.count > MSG_CAPS_MAX) {
        return ERR_RANGE;
    }
    if (words > MSG_REGISTER_WORDS || transfer.count != 0) {
        if (from->buffer == NULL || (words > MSG_REGISTER_WORDS && to->buffer == NULL)) {
            return ERR_NO_BUFFER;
        }
        if (transfer.count != 0) {
            if (!may_grant) {
                return ERR_NO_RIGHT;
            }
            err = caps_find(from, to, &transfer);
            if (err) {
                return err;
            }
            caps_move(&transfer);
        }
        if (words > MSG_REGISTER_WORDS) {
            arch_memory_copy_words(&to->buffer->words[MSG_REGISTER_WORDS],
                                   &from->buffer->words[MSG_REGISTER_WORDS],
                                   words - MSG_REGISTER_WORDS);
        }
    }
    words_copy(to, from, words);
    *info = MSG_INFO(MSG_LABEL(*info), words, transfer.count);
    return ERR_OK;
}
