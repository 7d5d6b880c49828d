/* What went wrong, as strings. */
#include <string.h>

#include "mochi_internal.h"

void mochi_raise(const char *message) { py.PyErr_SetString(*py.RuntimeError, message); }

static void put_string(mochi_frame *frame, const char *text)
{
    mochi_put_text(frame, MOCHI_STRING, text, strlen(text));
}

static void put_error(mochi_frame *frame, const char *type, const char *message)
{
    frame->length = 0;
    put_string(frame, type);
    put_string(frame, message);
    put_string(frame, "");
    mochi_put_open(frame, MOCHI_LIST, 0);
}

int mochi_report_misuse(mochi_frame *frame, const char *message)
{
    put_error(frame, "MochiMisuse", message);
    return MOCHI_MISUSE;
}

int mochi_report_raised(mochi_frame *frame)
{
    PyObject *error = py.PyErr_GetRaisedException();
    PyObject *arguments[2] = {NULL, error};
    PyObject *told = py.PyObject_Vectorcall(helpers.describe, arguments + 1, 1 | VECTORCALL_OFFSET, NULL);
    bool done = told != NULL;
    frame->length = 0;
    for (Py_ssize_t i = 0; done && i < 4; i++) done = mochi_encode_node(frame, py.PyTuple_GetItem(told, i), 0);
    if (told) py.Py_DecRef(told);
    py.Py_DecRef(error);
    if (!done) {
        py.PyErr_Clear();
        put_error(frame, "RuntimeError", "an exception was raised that cannot be described");
    }
    return MOCHI_RAISED;
}

/* Strings in a frame have their length; those of an error end with a zero too. */
static const char *end_string(const uint8_t **cursor, mochi_frame *frame)
{
    mochi_value value;
    const uint8_t *end = frame->data + frame->length;
    if (!mochi_read(cursor, end, &value) || value.tag != MOCHI_STRING) return "";
    char *text = (char *)value.as.bytes - 8; /* over its head, which was read */
    memmove(text, value.as.text, value.length);
    text[value.length] = 0;
    return text;
}

void mochi_set_error(mochi_thread *thread)
{
    const uint8_t *cursor = thread->frame.data;
    if (!cursor) {
        thread->error = (mochi_error){"MemoryError", "no memory is left", ""};
        return;
    }
    thread->error.type = end_string(&cursor, &thread->frame);
    thread->error.message = end_string(&cursor, &thread->frame);
    thread->error.trace = end_string(&cursor, &thread->frame);
}

const mochi_error *mochi_last_error(void)
{
    mochi_error *error = &mochi_this_thread()->error;
    if (!error->type) *error = (mochi_error){"", "", ""};
    return error;
}
