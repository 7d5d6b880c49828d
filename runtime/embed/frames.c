/* Frames: writing and reading trees of values, without Python. */
#include <stdlib.h>
#include <string.h>

#include "mochi_internal.h"

enum { TAG_BITS = 8 };

mochi_frame *mochi_frame_new(size_t capacity)
{
    mochi_frame *frame = calloc(1, sizeof *frame);
    if (frame && capacity && !mochi_frame_reserve(frame, capacity)) {
        free(frame);
        return NULL;
    }
    return frame;
}

void mochi_frame_free(mochi_frame *frame)
{
    if (!frame) return;
    free(frame->data);
    free(frame);
}

uint8_t *mochi_frame_reserve(mochi_frame *frame, size_t size)
{
    if (size > frame->capacity - frame->length) {
        size_t wanted = frame->capacity ? frame->capacity * 2 : 256;
        if (wanted < frame->length + size) wanted = frame->length + size;
        uint8_t *grown = realloc(frame->data, wanted);
        if (!grown) {
            frame->status = MOCHI_MISUSE;
            return NULL;
        }
        frame->data = grown;
        frame->capacity = wanted;
    }
    return frame->data + frame->length;
}

static void put_head(mochi_frame *frame, uint32_t tag, uint64_t count)
{
    uint64_t head = count << TAG_BITS | tag;
    uint8_t *place = mochi_frame_reserve(frame, 8);
    if (!place) return;
    memcpy(place, &head, 8);
    frame->length += 8;
}

static void put_word(mochi_frame *frame, uint32_t tag, const void *word)
{
    uint64_t head = tag;
    uint8_t *place = mochi_frame_reserve(frame, 16);
    if (!place) return;
    memcpy(place, &head, 8);
    memcpy(place + 8, word, 8);
    frame->length += 16;
}

void mochi_put_null(mochi_frame *frame) { put_head(frame, MOCHI_NULL, 0); }

void mochi_put_bool(mochi_frame *frame, int value) { put_head(frame, MOCHI_BOOL, value != 0); }

void mochi_put_int(mochi_frame *frame, int64_t value) { put_word(frame, MOCHI_INT, &value); }

void mochi_put_float(mochi_frame *frame, double value) { put_word(frame, MOCHI_FLOAT, &value); }

void mochi_put_id(mochi_frame *frame, uint32_t tag, uint64_t id) { put_word(frame, tag, &id); }

void mochi_put_open(mochi_frame *frame, uint32_t tag, size_t count) { put_head(frame, tag, count); }

void mochi_put_text(mochi_frame *frame, uint32_t tag, const void *data, size_t length)
{
    size_t whole = (length + 7) & ~(size_t)7;
    uint8_t *place = mochi_frame_reserve(frame, 8 + whole);
    if (!place) return;
    uint64_t head = (uint64_t)length << TAG_BITS | tag, zero = 0;
    memcpy(place, &head, 8);
    if (whole) memcpy(place + whole, &zero, 8);
    if (length) memcpy(place + 8, data, length);
    frame->length += 8 + whole;
}

void mochi_put_named(mochi_frame *frame, uint32_t tag, const char *name, size_t count)
{
    put_head(frame, tag, count);
    mochi_put_text(frame, MOCHI_STRING, name, strlen(name));
}

int mochi_read(const uint8_t **cursor, const uint8_t *end, mochi_value *value)
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
