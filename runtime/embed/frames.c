/* Frames: writing and reading trees of values, without Python. */
#include <stdlib.h>
#include <string.h>

#include "frames.h"

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

void mochi_put_null(mochi_frame *frame) { put_head(frame, MOCHI_NULL, 0); }

void mochi_put_bool(mochi_frame *frame, int value) { put_head(frame, MOCHI_BOOL, value != 0); }

void mochi_put_int(mochi_frame *frame, int64_t value) { put_word(frame, MOCHI_INT, &value); }

void mochi_put_float(mochi_frame *frame, double value) { put_word(frame, MOCHI_FLOAT, &value); }

void mochi_put_id(mochi_frame *frame, uint32_t tag, uint64_t id) { put_word(frame, tag, &id); }

void mochi_put_open(mochi_frame *frame, uint32_t tag, size_t count) { put_head(frame, tag, count); }

void mochi_put_text(mochi_frame *frame, uint32_t tag, const void *data, size_t length)
{
    put_text(frame, tag, data, length);
}

void mochi_put_named(mochi_frame *frame, uint32_t tag, const char *name, size_t count)
{
    put_head(frame, tag, count);
    put_text(frame, MOCHI_STRING, name, strlen(name));
}

int mochi_read(const uint8_t **cursor, const uint8_t *end, mochi_value *value)
{
    return read_node(cursor, end, value);
}
