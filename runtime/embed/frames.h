/* Writing and reading nodes, where every call does it: inside of the library these are inlined. */
#ifndef MOCHI_FRAMES_H
#define MOCHI_FRAMES_H

#include <string.h>

#include "mochi_py.h"

enum { TAG_BITS = 8 };

static inline uint8_t *frame_reserve(mochi_frame *frame, size_t size)
{
    if (size <= frame->capacity - frame->length) return frame->data + frame->length;
    return mochi_frame_reserve(frame, size);
}

static inline void put_head(mochi_frame *frame, uint32_t tag, uint64_t count)
{
    uint64_t head = count << TAG_BITS | tag;
    uint8_t *place = frame_reserve(frame, 8);
    if (!place) return;
    memcpy(place, &head, 8);
    frame->length += 8;
}

static inline void put_word(mochi_frame *frame, uint32_t tag, const void *word)
{
    uint64_t head = tag;
    uint8_t *place = frame_reserve(frame, 16);
    if (!place) return;
    memcpy(place, &head, 8);
    memcpy(place + 8, word, 8);
    frame->length += 16;
}

static inline void put_text(mochi_frame *frame, uint32_t tag, const void *data, size_t length)
{
    size_t whole = (length + 7) & ~(size_t)7;
    uint8_t *place = frame_reserve(frame, 8 + whole);
    if (!place) return;
    uint64_t head = (uint64_t)length << TAG_BITS | tag, zero = 0;
    memcpy(place, &head, 8);
    if (whole) memcpy(place + whole, &zero, 8);
    if (length) memcpy(place + 8, data, length);
    frame->length += 8 + whole;
}

static inline int read_node(const uint8_t **cursor, const uint8_t *end, mochi_value *value)
{
    const uint8_t *at = *cursor;
    size_t left = (size_t)(end - at);
    uint64_t head;
    if (left < 8) return 0;
    memcpy(&head, at, 8);
    at += 8;
    left -= 8;
    value->tag = (uint32_t)(head & ((1u << TAG_BITS) - 1));
    value->length = (size_t)(head >> TAG_BITS);
    value->as.integer = 0;
    switch (value->tag) {
    case MOCHI_NULL:
        break;
    case MOCHI_BOOL:
        value->as.integer = value->length != 0;
        break;
    case MOCHI_INT:
    case MOCHI_FLOAT:
    case MOCHI_HANDLE:
    case MOCHI_CALLBACK:
    case MOCHI_BORROWED_STRING:
    case MOCHI_BORROWED_BYTES:
        if (left < 8) return 0;
        memcpy(&value->as, at, 8);
        at += 8;
        if (value->tag == MOCHI_BORROWED_STRING) value->tag = MOCHI_STRING;
        if (value->tag == MOCHI_BORROWED_BYTES) value->tag = MOCHI_BYTES;
        break;
    case MOCHI_BIGINT:
    case MOCHI_STRING:
    case MOCHI_BYTES:
        if (value->length > left || ((value->length + 7) & ~(size_t)7) > left) return 0;
        value->as.bytes = at;
        at += (value->length + 7) & ~(size_t)7;
        break;
    case MOCHI_LIST:
    case MOCHI_TUPLE:
    case MOCHI_SET:
    case MOCHI_MAP:
    case MOCHI_RECORD:
    case MOCHI_VARIANT:
        /* Every child takes a word at least. */
        if (value->length > left / 8) return 0;
        break;
    default:
        return 0;
    }
    *cursor = at;
    return 1;
}

#endif
