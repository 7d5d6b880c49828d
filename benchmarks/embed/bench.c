/* What a call costs from C: `bench WORKSPACE ROUNDS`. Prints a line for each round, with ns for each way.
 *
 * Bare: `PyObject_Vectorcall` with Python's lock held, arguments made and results read as scalars. Held: the
 * same by the library, between `mochi_enter` and `mochi_leave`. Each: the library attaches for every call.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mochi_internal.h"

enum { CALLS = 100000 };

static const char text[] = "hello world";
static volatile int64_t sum;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double bare_int(mochi_function function)
{
    double start = now();
    for (int64_t i = 0; i < CALLS; i++) {
        PyObject *arguments[2] = {NULL, py.PyLong_FromLongLong(i + 1000)};
        PyObject *result = py.PyObject_Vectorcall((PyObject *)function, arguments + 1, 1 | VECTORCALL_OFFSET, NULL);
        int overflow;
        sum += py.PyLong_AsLongLongAndOverflow(result, &overflow);
        py.Py_DecRef(arguments[1]);
        py.Py_DecRef(result);
    }
    return (now() - start) / CALLS;
}

static double bare_text(mochi_function function)
{
    double start = now();
    for (int64_t i = 0; i < CALLS; i++) {
        PyObject *arguments[2] = {NULL, py.PyUnicode_FromStringAndSize(text, sizeof text - 1)};
        PyObject *result = py.PyObject_Vectorcall((PyObject *)function, arguments + 1, 1 | VECTORCALL_OFFSET, NULL);
        Py_ssize_t length;
        sum += *py.PyUnicode_AsUTF8AndSize(result, &length);
        py.Py_DecRef(arguments[1]);
        py.Py_DecRef(result);
    }
    return (now() - start) / CALLS;
}

static double library_int(mochi_function function)
{
    double start = now();
    for (int64_t i = 0; i < CALLS; i++) {
        mochi_value argument = mochi_int(i + 1000), result;
        if (mochi_call(function, &argument, 1, &result)) exit(1);
        sum += result.as.integer;
    }
    return (now() - start) / CALLS;
}

static double library_text(mochi_function function)
{
    double start = now();
    for (int64_t i = 0; i < CALLS; i++) {
        mochi_value argument = mochi_string(text, sizeof text - 1), result;
        if (mochi_call(function, &argument, 1, &result)) exit(1);
        sum += *result.as.text;
    }
    return (now() - start) / CALLS;
}

int main(int count, char **arguments)
{
    static const struct {
        const char *module, *name, *label;
        double (*bare)(mochi_function), (*library)(mochi_function);
    } rows[] = {
        {"shop", "same_int", "plain int", bare_int, library_int},
        {"shop", "same_string", "plain string", bare_text, library_text},
        {"python_wrap.shop.shop_externs", "same_int", "bound int", bare_int, library_int},
        {"python_wrap.shop.shop_externs", "same_string", "bound string", bare_text, library_text},
    };
    char venv[4096];
    if (count < 3) return 2;
    snprintf(venv, sizeof venv, "%s/.venv", arguments[1]);
    mochi_options options = {.venv = venv, .workspace = arguments[1]};
    if (mochi_init(&options)) {
        fprintf(stderr, "%s\n", mochi_last_error()->message);
        return 1;
    }
    for (int round = atoi(arguments[2]); round > 0; round--)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            mochi_function function = mochi_resolve(rows[i].module, rows[i].name);
            if (!function) return 1;
            mochi_enter();
            double bare = rows[i].bare(function), held = rows[i].library(function);
            mochi_leave();
            printf("%s\t%.1f\t%.1f\t%.1f\n", rows[i].label, bare, held, rows[i].library(function));
        }
    return mochi_shutdown();
}
