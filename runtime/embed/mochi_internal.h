/* What the files of this library share. */
#ifndef MOCHI_INTERNAL_H
#define MOCHI_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "mochi_py.h"

typedef struct PyObject PyObject;
typedef struct PyThreadState PyThreadState;
typedef intptr_t Py_ssize_t;
typedef PyObject *(*fastcall)(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* The limited API has this layout fixed. */
typedef struct PyMethodDef {
    const char *name;
    fastcall function;
    int flags;
    const char *doc;
} PyMethodDef;

enum { METH_KEYWORDS = 0x0002, METH_FASTCALL = 0x0080 };

#define VECTORCALL_OFFSET ((size_t)1 << (8 * sizeof(size_t) - 1))

/* The functions of Python that are called: result, name, parameters. */
#define MOCHI_PYTHON_FUNCTIONS(F)                                                                          \
    F(int, Py_IsInitialized, (void))                                                                       \
    F(void, Py_InitializeEx, (int))                                                                        \
    F(wchar_t *, Py_DecodeLocale, (const char *, size_t *))                                                \
    F(PyThreadState *, PyEval_SaveThread, (void))                                                          \
    F(void, PyEval_RestoreThread, (PyThreadState *))                                                       \
    F(int, PyGILState_Ensure, (void))                                                                      \
    F(void, PyGILState_Release, (int))                                                                     \
    F(PyThreadState *, PyGILState_GetThisThreadState, (void))                                              \
    F(PyThreadState *, PyThreadState_Get, (void))                                                          \
    F(void, PyThreadState_Clear, (PyThreadState *))                                                        \
    F(void, Py_IncRef, (PyObject *))                                                                       \
    F(void, Py_DecRef, (PyObject *))                                                                       \
    F(PyObject *, PyObject_Type, (PyObject *))                                                             \
    F(PyObject *, PyObject_Str, (PyObject *))                                                              \
    F(PyObject *, PyFrozenSet_New, (PyObject *))                                                           \
    F(PyObject *, PyObject_GetAttr, (PyObject *, PyObject *))                                              \
    F(PyObject *, PyObject_GetAttrString, (PyObject *, const char *))                                      \
    F(PyObject *, PyObject_Vectorcall, (PyObject *, PyObject *const *, size_t, PyObject *))                \
    F(PyObject *, PyObject_GetIter, (PyObject *))                                                          \
    F(PyObject *, PyIter_Next, (PyObject *))                                                               \
    F(PyObject *, PyImport_ImportModule, (const char *))                                                   \
    F(PyObject *, PyBool_FromLong, (long))                                                                 \
    F(PyObject *, PyLong_FromLongLong, (long long))                                                        \
    F(long long, PyLong_AsLongLongAndOverflow, (PyObject *, int *))                                        \
    F(PyObject *, PyFloat_FromDouble, (double))                                                            \
    F(double, PyFloat_AsDouble, (PyObject *))                                                              \
    F(PyObject *, PyUnicode_FromStringAndSize, (const char *, Py_ssize_t))                                 \
    F(PyObject *, PyUnicode_DecodeUTF8, (const char *, Py_ssize_t, const char *))                          \
    F(const char *, PyUnicode_AsUTF8AndSize, (PyObject *, Py_ssize_t *))                                   \
    F(PyObject *, PyUnicode_AsEncodedString, (PyObject *, const char *, const char *))                     \
    F(PyObject *, PyBytes_FromStringAndSize, (const char *, Py_ssize_t))                                   \
    F(int, PyBytes_AsStringAndSize, (PyObject *, char **, Py_ssize_t *))                                   \
    F(PyObject *, PyList_New, (Py_ssize_t))                                                                \
    F(Py_ssize_t, PyList_Size, (PyObject *))                                                               \
    F(PyObject *, PyList_GetItem, (PyObject *, Py_ssize_t))                                                \
    F(int, PyList_SetItem, (PyObject *, Py_ssize_t, PyObject *))                                           \
    F(PyObject *, PyList_AsTuple, (PyObject *))                                                            \
    F(Py_ssize_t, PyTuple_Size, (PyObject *))                                                              \
    F(PyObject *, PyTuple_GetItem, (PyObject *, Py_ssize_t))                                               \
    F(PyObject *, PyDict_New, (void))                                                                      \
    F(int, PyDict_SetItem, (PyObject *, PyObject *, PyObject *))                                           \
    F(PyObject *, PyDict_GetItemWithError, (PyObject *, PyObject *))                                       \
    F(int, PyDict_Next, (PyObject *, Py_ssize_t *, PyObject **, PyObject **))                              \
    F(PyObject *, PyDict_Items, (PyObject *))                                                              \
    F(Py_ssize_t, PyDict_Size, (PyObject *))                                                               \
    F(PyObject *, PySet_New, (PyObject *))                                                                 \
    F(int, PySet_Add, (PyObject *, PyObject *))                                                            \
    F(Py_ssize_t, PySet_Size, (PyObject *))                                                                \
    F(PyObject *, PyCapsule_New, (void *, const char *, void (*)(PyObject *)))                             \
    F(void *, PyCapsule_GetPointer, (PyObject *, const char *))                                            \
    F(PyObject *, PyCFunction_NewEx, (PyMethodDef *, PyObject *, PyObject *))                              \
    F(PyObject *, PyErr_Occurred, (void))                                                                  \
    F(void, PyErr_Clear, (void))                                                                           \
    F(const char *, Py_GetVersion, (void))                                                                 \
    F(void, PyErr_SetString, (PyObject *, const char *))                                                   \
    F(void, PyErr_SetObject, (PyObject *, PyObject *))                                                     \
    F(PyObject *, PyErr_GetRaisedException, (void))

/* Those that may be missing: deprecated ones, and those of newer versions. */
#define MOCHI_PYTHON_OPTIONAL(F)                                                                           \
    F(void, Py_SetProgramName, (const wchar_t *))                                                          \
    F(PyObject *, PyList_GetItemRef, (PyObject *, Py_ssize_t))                                             \
    F(void, PyThreadState_DeleteCurrent, (void))

/* Objects of Python that are compared with. */
#define MOCHI_PYTHON_OBJECTS(F)                                                                            \
    F(None, _Py_NoneStruct)                                                                                \
    F(True, _Py_TrueStruct)                                                                                \
    F(False, _Py_FalseStruct)                                                                              \
    F(Long, PyLong_Type)                                                                                   \
    F(Float, PyFloat_Type)                                                                                 \
    F(Unicode, PyUnicode_Type)                                                                             \
    F(Bytes, PyBytes_Type)                                                                                 \
    F(List, PyList_Type)                                                                                   \
    F(Tuple, PyTuple_Type)                                                                                 \
    F(Dict, PyDict_Type)                                                                                   \
    F(Set, PySet_Type)                                                                                     \
    F(FrozenSet, PyFrozenSet_Type)

typedef struct mochi_python {
#define F(result, name, parameters) result(*name) parameters;
    MOCHI_PYTHON_FUNCTIONS(F)
    MOCHI_PYTHON_OPTIONAL(F)
#undef F
#define F(name, symbol) PyObject *name;
    MOCHI_PYTHON_OBJECTS(F)
#undef F
    PyObject **RuntimeError; /* set when Python starts */
    bool free_threaded;
} mochi_python;

extern mochi_python py;

/* Functions of `_mochi_wrap.embedded`, and what else is had once. */
typedef struct mochi_helpers {
    PyObject *plans;    /* dict: class -> plan; see `plan_of` there */
    PyObject *plan_of;  /* makes a missing one */
    PyObject *describe; /* exception -> (type, message, trace, classes) */
    PyObject *resolve;  /* (module, name) -> function */
    PyObject *make;     /* (name, fields, is a variant) -> record */
    PyObject *digits;   /* int -> its decimal digits */
    PyObject *read_int; /* digits -> int */
    PyObject *fail;     /* message -> the exception of a callback that failed */
    mochi_options options;
} mochi_helpers;

extern mochi_helpers helpers;

/* What a thread keeps. `depth` counts how often it has attached itself. */
typedef struct mochi_thread {
    PyThreadState *state;
    unsigned depth;
    bool owns_state;
    mochi_frame frame; /* results of `mochi_call`, and errors */
    mochi_error error;
} mochi_thread;

/* library.c: open libpython. NULL, or what went wrong. */
const char *mochi_open_library(const mochi_options *options);

/* threads.c */
mochi_thread *mochi_this_thread(void);
bool mochi_attach(mochi_thread *thread);
void mochi_detach(mochi_thread *thread);
const char *mochi_threads_start(void); /* before Python starts */
void mochi_threads_open(bool open);
/* Let other threads in while the host's own code runs, and come back. */
PyThreadState *mochi_step_out(mochi_thread *thread, unsigned *depth);
void mochi_step_in(mochi_thread *thread, PyThreadState *state, unsigned depth);

/* handles.c; attached */
uint64_t mochi_handle_new(PyObject *object);   /* takes no reference over */
PyObject *mochi_handle_get(uint64_t handle);   /* new reference, or NULL: released */
void mochi_handles_drain(void);                /* drop what was released without Python */

/* decode.c, encode.c; attached. NULL or false with a Python error set. What is `frozen` can be hashed. */
PyObject *mochi_decode_value(const mochi_value *value);
PyObject *mochi_decode_node(const uint8_t **cursor, const uint8_t *end, bool frozen);
bool mochi_encode_value(mochi_frame *frame, PyObject *object, mochi_value *value);
bool mochi_encode_node(mochi_frame *frame, PyObject *object, int depth);

/* callbacks.c; attached */
PyObject *mochi_callback_new(uint64_t id);

/* errors.c */
int mochi_report_raised(mochi_frame *frame);  /* attached, with a Python error set */
int mochi_report_misuse(mochi_frame *frame, const char *message);
void mochi_set_error(mochi_thread *thread);   /* read the error out of the thread's frame */
void mochi_raise(const char *message);        /* attached: set a Python error */

#endif
