/* Values of the host to objects of Python. */
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "mochi_internal.h"

static PyObject *malformed(void)
{
    mochi_raise("a tree of values is malformed");
    return NULL;
}

static PyObject *decode_text(const char *text, size_t length)
{
    PyObject *made = py.PyUnicode_FromStringAndSize(text, (Py_ssize_t)length);
    if (made || !length) return made;
    /* Surrogates have no UTF-8, but Python's strings may hold them. */
    py.PyErr_Clear();
    return py.PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "surrogatepass");
}

static PyObject *decode_bigint(const char *digits, size_t length)
{
    PyObject *text = py.PyUnicode_FromStringAndSize(digits, (Py_ssize_t)length);
    if (!text) return NULL;
    PyObject *arguments[2] = {NULL, text};
    PyObject *made = py.PyObject_Vectorcall(helpers.read_int, arguments + 1, 1 | VECTORCALL_OFFSET, NULL);
    py.Py_DecRef(text);
    return made;
}

static PyObject *decode_handle(uint64_t id)
{
    PyObject *object = mochi_handle_get(id);
    if (!object) mochi_raise("a handle is used that was released, or never given");
    return object;
}

static PyObject *decode_list(const uint8_t **cursor, const uint8_t *end, size_t count, bool frozen)
{
    PyObject *list = py.PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list && i < count; i++) {
        PyObject *item = mochi_decode_node(cursor, end, frozen);
        if (!item || py.PyList_SetItem(list, (Py_ssize_t)i, item)) {
            py.Py_DecRef(list);
            return NULL;
        }
    }
    return list;
}

static PyObject *decode_tuple(const uint8_t **cursor, const uint8_t *end, size_t count, bool frozen)
{
    PyObject *list = decode_list(cursor, end, count, frozen), *tuple = list ? py.PyList_AsTuple(list) : NULL;
    if (list) py.Py_DecRef(list);
    return tuple;
}

static PyObject *decode_set(const uint8_t **cursor, const uint8_t *end, size_t count, bool frozen)
{
    PyObject *list = decode_list(cursor, end, count, true), *set = NULL;
    if (list) set = frozen ? py.PyFrozenSet_New(list) : py.PySet_New(list);
    if (list) py.Py_DecRef(list);
    return set;
}

static PyObject *decode_map(const uint8_t **cursor, const uint8_t *end, size_t count, bool frozen)
{
    PyObject *map = py.PyDict_New();
    for (size_t i = 0; map && i < count; i++) {
        PyObject *name = mochi_decode_node(cursor, end, true);
        PyObject *value = name ? mochi_decode_node(cursor, end, frozen) : NULL;
        int failed = !value || py.PyDict_SetItem(map, name, value);
        if (name) py.Py_DecRef(name);
        if (value) py.Py_DecRef(value);
        if (failed) {
            py.Py_DecRef(map);
            return NULL;
        }
    }
    return map;
}

/* A wrapper knows records and variants by the names of their classes and fields. */
static PyObject *decode_named(const uint8_t **cursor, const uint8_t *end, size_t count, bool frozen, bool variant)
{
    PyObject *name = mochi_decode_node(cursor, end, true);
    PyObject *fields = name ? decode_map(cursor, end, count, frozen) : NULL;
    PyObject *made = NULL;
    if (fields) {
        PyObject *arguments[4] = {NULL, name, fields, variant ? py.True : py.False};
        made = py.PyObject_Vectorcall(helpers.make, arguments + 1, 3 | VECTORCALL_OFFSET, NULL);
        py.Py_DecRef(fields);
    }
    if (name) py.Py_DecRef(name);
    return made;
}

PyObject *mochi_decode_value(const mochi_value *value)
{
    const uint8_t *cursor = value->as.bytes;
    switch (value->tag) {
    case MOCHI_NULL:
        py.Py_IncRef(py.None);
        return py.None;
    case MOCHI_BOOL:
        return py.PyBool_FromLong(value->as.integer != 0);
    case MOCHI_INT:
        return py.PyLong_FromLongLong(value->as.integer);
    case MOCHI_FLOAT:
        return py.PyFloat_FromDouble(value->as.number);
    case MOCHI_STRING:
        return decode_text(value->as.text, value->length);
    case MOCHI_BYTES:
        return py.PyBytes_FromStringAndSize(value->as.text, (Py_ssize_t)value->length);
    case MOCHI_BIGINT:
        return decode_bigint(value->as.text, value->length);
    case MOCHI_HANDLE:
        return decode_handle(value->as.id);
    case MOCHI_CALLBACK:
        return mochi_callback_new(value->as.id);
    case MOCHI_TREE:
        return mochi_decode_node(&cursor, value->as.bytes + value->length, false);
    default:
        return malformed();
    }
}

PyObject *mochi_decode_node(const uint8_t **cursor, const uint8_t *end, bool frozen)
{
    mochi_value value;
    if (!read_node(cursor, end, &value)) return malformed();
    switch (value.tag) {
    case MOCHI_LIST:
        if (!frozen) return decode_list(cursor, end, value.length, false);
        return decode_tuple(cursor, end, value.length, true);
    case MOCHI_TUPLE:
        return decode_tuple(cursor, end, value.length, frozen);
    case MOCHI_SET:
        return decode_set(cursor, end, value.length, frozen);
    case MOCHI_MAP:
        return decode_map(cursor, end, value.length, false);
    case MOCHI_RECORD:
    case MOCHI_VARIANT:
        return decode_named(cursor, end, value.length, frozen, value.tag == MOCHI_VARIANT);
    default:
        return mochi_decode_value(&value);
    }
}
