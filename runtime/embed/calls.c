/* Calling functions of Python. */
#include <stdlib.h>
#include <string.h>

#include "mochi_internal.h"

enum { FEW = 8 };

static const char not_running[] = "Python is not running: `mochi_init` was not called, or `mochi_shutdown` was";

static PyObject *invoke(PyObject *called, PyObject **arguments, size_t count)
{
    return py.PyObject_Vectorcall(called, arguments + 1, count | VECTORCALL_OFFSET, NULL);
}

static void drop_all(PyObject **arguments, size_t count)
{
    for (size_t i = 1; i <= count; i++) py.Py_DecRef(arguments[i]);
}

/* Return room for the arguments and one more before them, which `PyObject_Vectorcall` may use. */
static PyObject **make_room(PyObject **few, size_t count)
{
    if (count <= FEW) return few;
    PyObject **room = malloc((count + 1) * sizeof *room);
    if (!room) mochi_raise("no memory is left for the arguments");
    return room;
}

static PyObject *call_with_values(PyObject *called, const mochi_value *values, size_t count)
{
    PyObject *few[FEW + 1], **arguments = make_room(few, count), *result = NULL;
    if (!arguments) return NULL;
    size_t made = 0;
    while (made < count && (arguments[made + 1] = mochi_decode_value(&values[made]))) made++;
    if (made == count) result = invoke(called, arguments, count);
    drop_all(arguments, made);
    if (arguments != few) free(arguments);
    return result;
}

static PyObject *call_with_nodes(PyObject *called, const mochi_frame *frame)
{
    const uint8_t *cursor = frame->data, *end = frame->data + frame->length;
    size_t made = 0, count = frame->count;
    PyObject *few[FEW + 1], **arguments = make_room(few, count), *result = NULL;
    if (!arguments) return NULL;
    while (made < count && (arguments[made + 1] = mochi_decode_node(&cursor, end, false))) made++;
    if (made == count) result = invoke(called, arguments, count);
    drop_all(arguments, made);
    if (arguments != few) free(arguments);
    return result;
}

int mochi_call(mochi_function function, const mochi_value *values, size_t count, mochi_value *value)
{
    mochi_thread *thread = mochi_this_thread();
    int status = MOCHI_OK;
    if (!function || !mochi_attach(thread)) {
        status = mochi_report_misuse(&thread->frame, function ? not_running : "there is no function to call");
        mochi_set_error(thread);
        return status;
    }
    mochi_handles_drain();
    PyObject *result = call_with_values((PyObject *)function, values, count);
    if (!result || !mochi_encode_value(&thread->frame, result, value)) {
        status = mochi_report_raised(&thread->frame);
        mochi_set_error(thread);
    }
    if (result) py.Py_DecRef(result);
    mochi_detach(thread);
    return status;
}

int mochi_call_frame(mochi_frame *frame)
{
    mochi_thread *thread = mochi_this_thread();
    frame->status = MOCHI_OK;
    if (!frame->function) return frame->status = mochi_report_misuse(frame, "there is no function to call");
    if (!mochi_attach(thread)) return frame->status = mochi_report_misuse(frame, not_running);
    mochi_handles_drain();
    PyObject *result = call_with_nodes((PyObject *)frame->function, frame);
    frame->length = 0;
    if (result && mochi_encode_node(frame, result, 0) && !frame->status)
        ;
    else if (frame->status && result)
        mochi_report_misuse(frame, "no memory is left for the result");
    else
        frame->status = mochi_report_raised(frame);
    if (result) py.Py_DecRef(result);
    mochi_detach(thread);
    return frame->status;
}

mochi_function mochi_resolve(const char *module, const char *name)
{
    mochi_thread *thread = mochi_this_thread();
    if (!mochi_attach(thread)) {
        mochi_report_misuse(&thread->frame, not_running);
        mochi_set_error(thread);
        return 0;
    }
    PyObject *arguments[3] = {
        NULL,
        py.PyUnicode_DecodeUTF8(module, (Py_ssize_t)strlen(module), "surrogatepass"),
        py.PyUnicode_DecodeUTF8(name, (Py_ssize_t)strlen(name), "surrogatepass"),
    };
    PyObject *found = NULL;
    if (arguments[1] && arguments[2])
        found = py.PyObject_Vectorcall(helpers.resolve, arguments + 1, 2 | VECTORCALL_OFFSET, NULL);
    if (!found) {
        mochi_report_raised(&thread->frame);
        mochi_set_error(thread);
    }
    for (int i = 1; i < 3; i++)
        if (arguments[i]) py.Py_DecRef(arguments[i]);
    mochi_detach(thread);
    return (mochi_function)found;
}
