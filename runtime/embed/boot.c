/* Starting Python for a workspace, and ending it. */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mochi_internal.h"

mochi_helpers helpers;

static int refuse(const char *message)
{
    mochi_thread *thread = mochi_this_thread();
    int status = mochi_report_misuse(&thread->frame, message);
    mochi_set_error(thread);
    return status;
}

/* Make `sys.executable` the environment's: its packages are found from there. */
static void name_program(const char *venv)
{
#ifdef _WIN32
    static const char place[] = "/Scripts/python.exe";
#else
    static const char place[] = "/bin/python";
#endif
    char *path = malloc(strlen(venv) + sizeof place);
    if (!path || !py.Py_SetProgramName) return;
    strcat(strcpy(path, venv), place);
    /* Python keeps the address. */
    wchar_t *name = py.Py_DecodeLocale(path, NULL);
    if (name) py.Py_SetProgramName(name);
    free(path);
}

static PyObject *call_text(PyObject *function, const char *text)
{
    PyObject *argument = py.PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "surrogatepass");
    if (!argument) return NULL;
    PyObject *arguments[2] = {NULL, argument};
    PyObject *result = py.PyObject_Vectorcall(function, arguments + 1, 1 | VECTORCALL_OFFSET, NULL);
    py.Py_DecRef(argument);
    return result;
}

static bool add_path(const char *workspace)
{
    PyObject *sys = py.PyImport_ImportModule("sys");
    PyObject *path = sys ? py.PyObject_GetAttrString(sys, "path") : NULL;
    PyObject *append = path ? py.PyObject_GetAttrString(path, "append") : NULL;
    PyObject *done = append ? call_text(append, workspace) : NULL;
    PyObject *made[] = {sys, path, append, done};
    for (int i = 0; i < 4; i++)
        if (made[i]) py.Py_DecRef(made[i]);
    return done != NULL;
}

static bool load_helpers(const mochi_options *options)
{
    PyObject *module;
    if (options->workspace && !add_path(options->workspace)) return false;
    if (!(module = py.PyImport_ImportModule("_mochi_wrap.embedded"))) return false;
    helpers.plans = py.PyObject_GetAttrString(module, "PLANS");
    helpers.plan_of = py.PyObject_GetAttrString(module, "plan_of");
    helpers.describe = py.PyObject_GetAttrString(module, "describe");
    helpers.resolve = py.PyObject_GetAttrString(module, "resolve");
    helpers.make = py.PyObject_GetAttrString(module, "make_record");
    helpers.digits = py.PyObject_GetAttrString(module, "write_int");
    helpers.read_int = py.PyObject_GetAttrString(module, "read_int");
    helpers.fail = py.PyObject_GetAttrString(module, "callback_error");
    PyObject *boot = py.PyObject_GetAttrString(module, "boot");
    PyObject *done = boot ? call_text(boot, options->venv) : NULL;
    bool all = helpers.plans && helpers.plan_of && helpers.describe && helpers.resolve && helpers.make &&
               helpers.digits && helpers.read_int && helpers.fail;
    if (boot) py.Py_DecRef(boot);
    if (done) py.Py_DecRef(done);
    py.Py_DecRef(module);
    return all && done;
}

/* Without the helpers an error is told by its text alone. */
static int refuse_raised(void)
{
    static char message[1024];
    PyObject *error = py.PyErr_GetRaisedException();
    PyObject *told = py.PyObject_Str(error);
    Py_ssize_t length;
    const char *text = told ? py.PyUnicode_AsUTF8AndSize(told, &length) : NULL;
    snprintf(message, sizeof message, "Python cannot load the runtime of the workspace: %s", text ? text : "?");
    py.PyErr_Clear();
    return refuse(message);
}

int mochi_init(const mochi_options *options)
{
    static bool started;
    const char *failed;
    int status = MOCHI_OK;
    if (started) return refuse("Python was started already; it can be started once in a process");
    if ((failed = mochi_open_library(options)) || (failed = mochi_threads_start())) return refuse(failed);
    bool running = py.Py_IsInitialized();
    helpers.options = *options;
    int lock = 0;
    if (running) {
        lock = py.PyGILState_Ensure();
    } else {
        name_program(options->venv);
        py.Py_InitializeEx(0); /* 0: signals stay the host's */
    }
    started = true;
    if (!load_helpers(options)) status = refuse_raised();
    if (running)
        py.PyGILState_Release(lock);
    else
        py.PyEval_SaveThread();
    mochi_threads_open(status == MOCHI_OK);
    return status;
}

int mochi_shutdown(void)
{
    mochi_thread *thread = mochi_this_thread();
    if (!mochi_attach(thread)) return MOCHI_OK;
    mochi_handles_drain();
    PyObject *module = py.PyImport_ImportModule("_mochi_wrap.embedded");
    PyObject *stop = module ? py.PyObject_GetAttrString(module, "stop") : NULL;
    PyObject *arguments[1] = {NULL};
    PyObject *done = stop ? py.PyObject_Vectorcall(stop, arguments + 1, VECTORCALL_OFFSET, NULL) : NULL;
    int status = done ? MOCHI_OK : mochi_report_raised(&thread->frame);
    if (status) mochi_set_error(thread);
    mochi_threads_open(false);
    if (module) py.Py_DecRef(module);
    if (stop) py.Py_DecRef(stop);
    if (done) py.Py_DecRef(done);
    mochi_detach(thread);
    return status;
}
