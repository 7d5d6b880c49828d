/* Objects of Python to values of the host. */
#include <string.h>

#include "frames.h"
#include "mochi_internal.h"

enum { DEEPEST = 500 };

/* How a class crosses, as `plan_of` says: None for a handle, a tuple for a record or a variant, or a
 * function to a plain value. */
static PyObject *find_plan(PyObject *type)
{
    PyObject *plan = py.PyDict_GetItemWithError(helpers.plans, type);
    if (plan) {
        py.Py_IncRef(plan);
        return plan;
    }
    if (py.PyErr_Occurred()) return NULL;
    PyObject *arguments[2] = {NULL, type};
    return py.PyObject_Vectorcall(helpers.plan_of, arguments + 1, 1 | VECTORCALL_OFFSET, NULL);
}

static PyObject *type_of(PyObject *object)
{
    /* The object keeps its class alive. */
    PyObject *type = py.PyObject_Type(object);
    py.Py_DecRef(type);
    return type;
}

static bool encode_text(mochi_frame *frame, PyObject *object)
{
    Py_ssize_t length;
    const char *text = py.PyUnicode_AsUTF8AndSize(object, &length);
    if (text) {
        put_text(frame, MOCHI_STRING, text, (size_t)length);
        return true;
    }
    py.PyErr_Clear();
    PyObject *bytes = py.PyUnicode_AsEncodedString(object, "utf-8", "surrogatepass");
    char *data;
    if (!bytes) return false;
    py.PyBytes_AsStringAndSize(bytes, &data, &length);
    put_text(frame, MOCHI_STRING, data, (size_t)length);
    py.Py_DecRef(bytes);
    return true;
}

static bool encode_bytes(mochi_frame *frame, PyObject *object)
{
    char *data;
    Py_ssize_t length;
    if (py.PyBytes_AsStringAndSize(object, &data, &length)) return false;
    put_text(frame, MOCHI_BYTES, data, (size_t)length);
    return true;
}

static bool encode_int(mochi_frame *frame, PyObject *object)
{
    int overflow;
    long long number = py.PyLong_AsLongLongAndOverflow(object, &overflow);
    if (!overflow) {
        int64_t word = number;
        put_word(frame, MOCHI_INT, &word);
        return true;
    }
    /* `str` refuses integers of thousands of digits. */
    PyObject *arguments[2] = {NULL, object};
    PyObject *digits = py.PyObject_Vectorcall(helpers.digits, arguments + 1, 1 | VECTORCALL_OFFSET, NULL);
    Py_ssize_t length;
    const char *text = digits ? py.PyUnicode_AsUTF8AndSize(digits, &length) : NULL;
    if (text) put_text(frame, MOCHI_BIGINT, text, (size_t)length);
    if (digits) py.Py_DecRef(digits);
    return text != NULL;
}

/* Write the head of a container whose items are not counted yet. Returns where it stands. */
static size_t open_container(mochi_frame *frame, uint32_t tag)
{
    size_t place = frame->length;
    put_head(frame, tag, 0);
    return place;
}

static bool close_container(mochi_frame *frame, size_t place, uint32_t tag, size_t count)
{
    uint64_t head = (uint64_t)count << 8 | tag;
    if (frame->status) return false;
    memcpy(frame->data + place, &head, 8);
    return true;
}

static PyObject *list_item(PyObject *list, Py_ssize_t index)
{
    if (py.PyList_GetItemRef) return py.PyList_GetItemRef(list, index);
    PyObject *item = py.PyList_GetItem(list, index);
    if (item) py.Py_IncRef(item);
    return item;
}

/* A list may shrink while its items are converted by code of Python: its size is read anew each time. */
static bool encode_list(mochi_frame *frame, PyObject *list, int depth)
{
    size_t place = open_container(frame, MOCHI_LIST);
    Py_ssize_t i = 0;
    for (; i < py.PyList_Size(list); i++) {
        PyObject *item = list_item(list, i);
        bool done = item && mochi_encode_node(frame, item, depth);
        if (item) py.Py_DecRef(item);
        if (!done) return false;
    }
    return close_container(frame, place, MOCHI_LIST, (size_t)i);
}

static bool encode_tuple(mochi_frame *frame, PyObject *tuple, int depth)
{
    Py_ssize_t count = py.PyTuple_Size(tuple);
    put_head(frame, MOCHI_TUPLE, (size_t)count);
    for (Py_ssize_t i = 0; i < count; i++)
        if (!mochi_encode_node(frame, py.PyTuple_GetItem(tuple, i), depth)) return false;
    return true;
}

static bool encode_set(mochi_frame *frame, PyObject *set, int depth)
{
    size_t place = open_container(frame, MOCHI_SET), count = 0;
    PyObject *items = py.PyObject_GetIter(set), *item;
    bool done = items != NULL;
    while (done && (item = py.PyIter_Next(items))) {
        done = mochi_encode_node(frame, item, depth);
        py.Py_DecRef(item);
        count++;
    }
    if (items) py.Py_DecRef(items);
    return done && !py.PyErr_Occurred() && close_container(frame, place, MOCHI_SET, count);
}

static bool encode_pair(mochi_frame *frame, PyObject *name, PyObject *value, int depth)
{
    return mochi_encode_node(frame, name, depth) && mochi_encode_node(frame, value, depth);
}

/* Without a lock of its own `PyDict_Next` is not safe where threads run at once. */
static bool encode_items(mochi_frame *frame, PyObject *map, int depth)
{
    PyObject *items = py.PyDict_Items(map);
    Py_ssize_t count = items ? py.PyList_Size(items) : 0;
    bool done = items != NULL;
    put_head(frame, MOCHI_MAP, (size_t)count);
    for (Py_ssize_t i = 0; done && i < count; i++) {
        PyObject *pair = py.PyList_GetItem(items, i);
        done = encode_pair(frame, py.PyTuple_GetItem(pair, 0), py.PyTuple_GetItem(pair, 1), depth);
    }
    if (items) py.Py_DecRef(items);
    return done;
}

static bool encode_map(mochi_frame *frame, PyObject *map, int depth)
{
    if (py.free_threaded) return encode_items(frame, map, depth);
    size_t place = open_container(frame, MOCHI_MAP), count = 0;
    Py_ssize_t position = 0;
    PyObject *name, *value;
    while (py.PyDict_Next(map, &position, &name, &value)) {
        py.Py_IncRef(name);
        py.Py_IncRef(value);
        bool done = encode_pair(frame, name, value, depth);
        py.Py_DecRef(name);
        py.Py_DecRef(value);
        if (!done) return false;
        count++;
    }
    return close_container(frame, place, MOCHI_MAP, count);
}

static bool encode_host_function(mochi_frame *frame, PyObject *object)
{
    PyObject *id = py.PyObject_GetAttrString(object, "id");
    int overflow;
    if (!id) return false;
    mochi_put_id(frame, MOCHI_CALLBACK, (uint64_t)py.PyLong_AsLongLongAndOverflow(id, &overflow));
    py.Py_DecRef(id);
    return true;
}

/* `plan` is (tag, name, fields). */
static bool encode_named(mochi_frame *frame, PyObject *object, PyObject *plan, int depth)
{
    int overflow;
    uint32_t tag = (uint32_t)py.PyLong_AsLongLongAndOverflow(py.PyTuple_GetItem(plan, 0), &overflow);
    if (tag == MOCHI_CALLBACK) return encode_host_function(frame, object);
    PyObject *fields = py.PyTuple_GetItem(plan, 2);
    Py_ssize_t count = py.PyTuple_Size(fields);
    put_head(frame, tag, (size_t)count);
    if (!encode_text(frame, py.PyTuple_GetItem(plan, 1))) return false;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = py.PyTuple_GetItem(fields, i);
        PyObject *value = py.PyObject_GetAttr(object, name);
        bool done = value && encode_pair(frame, name, value, depth);
        if (value) py.Py_DecRef(value);
        if (!done) return false;
    }
    return true;
}

static bool encode_handle(mochi_frame *frame, PyObject *object)
{
    uint64_t handle = mochi_handle_new(object);
    if (handle)
        mochi_put_id(frame, MOCHI_HANDLE, handle);
    else
        mochi_raise("no memory is left for a handle");
    return handle != 0;
}

static bool encode_planned(mochi_frame *frame, PyObject *object, PyObject *type, int depth)
{
    PyObject *plan = find_plan(type);
    bool done = false;
    if (!plan) return false;
    if (plan == py.None) {
        done = encode_handle(frame, object);
    } else if (type_of(plan) == py.Tuple) {
        done = encode_named(frame, object, plan, depth);
    } else {
        PyObject *arguments[2] = {NULL, object};
        PyObject *plain = py.PyObject_Vectorcall(plan, arguments + 1, 1 | VECTORCALL_OFFSET, NULL);
        /* One that has no plain value after all is returned as it is. */
        done = plain && (plain == object ? encode_handle(frame, object) : mochi_encode_node(frame, plain, depth));
        if (plain) py.Py_DecRef(plain);
    }
    py.Py_DecRef(plan);
    return done;
}

bool mochi_encode_node(mochi_frame *frame, PyObject *object, int depth)
{
    PyObject *type = type_of(object);
    if (type == py.Unicode) return encode_text(frame, object);
    if (type == py.Long) return encode_int(frame, object);
    if (object == py.None) return put_head(frame, MOCHI_NULL, 0), true;
    if (type == py.Float) return mochi_put_float(frame, py.PyFloat_AsDouble(object)), true;
    if (object == py.True || object == py.False) return put_head(frame, MOCHI_BOOL, object == py.True), true;
    if (type == py.Bytes) return encode_bytes(frame, object);
    if (depth > DEEPEST) {
        mochi_raise("a value is nested too deeply, or holds itself");
        return false;
    }
    if (type == py.List) return encode_list(frame, object, depth + 1);
    if (type == py.Dict) return encode_map(frame, object, depth + 1);
    if (type == py.Tuple) return encode_tuple(frame, object, depth + 1);
    if (type == py.Set || type == py.FrozenSet) return encode_set(frame, object, depth + 1);
    return encode_planned(frame, object, type, depth + 1);
}

static bool keep_text(mochi_frame *frame, const char *text, size_t length, mochi_value *value)
{
    frame->length = 0;
    uint8_t *place = mochi_frame_reserve(frame, length + 1);
    if (!place) {
        mochi_raise("no memory is left for a string");
        return false;
    }
    memcpy(place, text, length);
    *value = mochi_string((const char *)place, length);
    return true;
}

bool mochi_encode_value(mochi_frame *frame, PyObject *object, mochi_value *value)
{
    PyObject *type = type_of(object);
    int overflow;
    if (type == py.Long) {
        value->as.integer = py.PyLong_AsLongLongAndOverflow(object, &overflow);
        value->tag = MOCHI_INT;
        if (!overflow) return true;
    } else if (type == py.Unicode) {
        Py_ssize_t length;
        const char *text = py.PyUnicode_AsUTF8AndSize(object, &length);
        if (text) return keep_text(frame, text, (size_t)length, value);
        py.PyErr_Clear(); /* surrogates: as a node */
    } else if (type == py.Float) {
        value->tag = MOCHI_FLOAT;
        value->as.number = py.PyFloat_AsDouble(object);
        return true;
    } else if (object == py.None) {
        value->tag = MOCHI_NULL;
        return true;
    }
    frame->length = 0;
    if (!mochi_encode_node(frame, object, 0)) return false;
    const uint8_t *cursor = frame->data;
    read_node(&cursor, frame->data + frame->length, value);
    if (value->tag < MOCHI_LIST || value->tag > MOCHI_VARIANT) return true;
    *value = mochi_tree(frame);
    return true;
}
