/* Functions of the host as objects of Python. */
#include <stdlib.h>

#include "mochi_internal.h"

static const char capsule_name[] = "mochi.callback";

static void drop(PyObject *capsule)
{
    uint64_t *dropped = py.PyCapsule_GetPointer(capsule, capsule_name);
    if (!dropped) return;
    if (helpers.options.release) helpers.options.release(helpers.options.context, *dropped);
    free(dropped);
}

static void fail_in_host(mochi_frame *frame)
{
    const uint8_t *cursor = frame->data, *end = frame->data + frame->length;
    PyObject *message = mochi_decode_node(&cursor, end, false);
    if (!message) return;
    PyObject *arguments[2] = {NULL, message};
    PyObject *error = py.PyObject_Vectorcall(helpers.fail, arguments + 1, 1 | VECTORCALL_OFFSET, NULL);
    py.Py_DecRef(message);
    if (!error) return;
    PyObject *type = py.PyObject_Type(error);
    py.PyErr_SetObject(type, error);
    py.Py_DecRef(type);
    py.Py_DecRef(error);
}

static PyObject *run(uint64_t *called, mochi_frame *frame)
{
    mochi_thread *thread = mochi_this_thread();
    unsigned depth;
    PyThreadState *state = mochi_step_out(thread, &depth);
    int status = helpers.options.callback(helpers.options.context, *called, frame);
    mochi_step_in(thread, state, depth);
    if (status != MOCHI_OK) {
        fail_in_host(frame);
        return NULL;
    }
    const uint8_t *cursor = frame->data, *end = frame->data + frame->length;
    if (frame->length) return mochi_decode_node(&cursor, end, false);
    py.Py_IncRef(py.None);
    return py.None;
}

/* Functions of Mochi have no keywords: those that Python gives follow the others, in their order. */
static PyObject *call(PyObject *capsule, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    uint64_t *called = py.PyCapsule_GetPointer(capsule, capsule_name);
    mochi_frame frame = {0};
    PyObject *result = NULL;
    Py_ssize_t all = count + (names ? py.PyTuple_Size(names) : 0), i = 0;
    if (!called) return NULL;
    while (i < all && mochi_encode_node(&frame, arguments[i], 0)) i++;
    frame.count = (uint32_t)all;
    if (i == all) result = run(called, &frame);
    free(frame.data);
    return result;
}

static PyMethodDef definition = {
    "callback",
    call,
    METH_FASTCALL | METH_KEYWORDS,
    "callback($self, /, *arguments, **named)\n--\n\nA function of the host program.",
};

PyObject *mochi_callback_new(uint64_t id)
{
    uint64_t *made = malloc(sizeof *made);
    if (!made || !helpers.options.callback) {
        free(made);
        mochi_raise("the host has said of no way to call its functions");
        return NULL;
    }
    *made = id;
    PyObject *capsule = py.PyCapsule_New(made, capsule_name, drop);
    if (!capsule) {
        free(made);
        return NULL;
    }
    PyObject *function = py.PyCFunction_NewEx(&definition, capsule, NULL);
    py.Py_DecRef(capsule);
    return function;
}
