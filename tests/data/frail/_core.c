/* A module that is made for the GIL: it counts in a plain variable, with a pause between read and write. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static volatile long counter;

static void pause_(void) {
  for (volatile int i = 0; i < 40; i++) { }
}

static PyObject *bump(PyObject *self, PyObject *arg) {
  long count = PyLong_AsLong(arg);
  if (count < 0) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a negative count");
    return NULL;
  }
  for (long i = 0; i < count; i++) {
    long before = counter;
    pause_();
    counter = before + 1;
  }
  return PyLong_FromLong(count);
}

static PyObject *total(PyObject *self, PyObject *unused) { return PyLong_FromLong(counter); }

/* Call back in the middle of a count: the other thread's turn, as far as the module is concerned. */
static PyObject *apply(PyObject *self, PyObject *args) {
  PyObject *function, *value;
  if (!PyArg_ParseTuple(args, "OO", &function, &value)) return NULL;
  long before = counter;
  pause_();
  counter = before + 1;
  PyObject *result = PyObject_CallOneArg(function, value);
  before = counter;
  pause_();
  counter = before + 1;
  return result;
}

static PyObject *give(PyObject *self, PyObject *unused) { return PyObject_GetAttrString(self, "bump"); }

static PyMethodDef methods[] = {
    {"bump", bump, METH_O, NULL},
    {"total", total, METH_NOARGS, NULL},
    {"apply", apply, METH_VARARGS, NULL},
    {"give", give, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot slots[] = {
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
    {Py_mod_gil, GIL},
    {0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, PACKAGE "._core", NULL, 0, methods, slots};
PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&definition); }
