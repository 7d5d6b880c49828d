/* Finding libpython and opening it. */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "mochi_internal.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
#endif

mochi_python py;

/* Printed by the interpreter: the path of its library, or why there is none. */
static const char question[] =
    "import os, sys, sysconfig\n"
    "get = sysconfig.get_config_var\n"
    "t = 't' if get('Py_GIL_DISABLED') else ''\n"
    "if sys.version_info < (3, 12):\n"
    "    sys.exit(f'!Python {sys.version.split()[0]} is too old to be embedded: 3.12 is the first one that can')\n"
    "if sys.platform == 'win32':\n"
    "    names = ['python%d%d%s.dll' % (*sys.version_info[:2], t)]\n"
    "    folders = [sys.base_prefix]\n"
    "else:\n"
    "    names = [get('INSTSONAME') or '', get('LDLIBRARY') or '']\n"
    "    folders = [get('LIBDIR'), get('LIBPL'), os.path.join(sys.base_prefix, 'lib'), get('PYTHONFRAMEWORKPREFIX')]\n"
    "paths = [os.path.join(f, n) for n in names if n and not n.endswith('.a') for f in folders if f]\n"
    "found = [p for p in paths if os.path.isfile(p)]\n"
    "print(found[0] if found else '!' + os.path.realpath(sys.executable) + ' has no shared library'\n"
    "    ' (it was built without --enable-shared), so that it cannot be embedded; make the environment with a Python'\n"
    "    ' that has one, install the libpython package of your system, or set runtime-mode = \"subprocess\"')\n";

static char problem[8192];

static const char *fail(const char *before, const char *what, const char *after)
{
    snprintf(problem, sizeof problem, "%s%s%s", before, what, after);
    return problem;
}

#ifdef _WIN32

static int ask(const char *python, char *answer, size_t size)
{
    /* The question holds quotes, which the command line of Windows cannot have: it goes through a file. */
    char folder[MAX_PATH], path[MAX_PATH], command[3 * MAX_PATH];
    if (!GetTempPathA(sizeof folder, folder) || !GetTempFileNameA(folder, "mpy", 0, path)) return -1;
    FILE *script = fopen(path, "w");
    if (!script) return -1;
    fputs(question, script);
    fclose(script);
    snprintf(command, sizeof command, "\"\"%s\" -I -S \"%s\" 2>&1\"", python, path);
    FILE *pipe = _popen(command, "r");
    size_t got = pipe ? fread(answer, 1, size - 1, pipe) : 0;
    answer[got] = 0;
    int status = pipe ? _pclose(pipe) : -1;
    remove(path);
    return got ? 0 : status ? status : -1;
}

static void *open_library(const char *path)
{
    wchar_t wide[MAX_PATH];
    if (!MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, MAX_PATH)) return NULL;
    return (void *)LoadLibraryExW(wide, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
}

static void *find_symbol(void *library, const char *name)
{
    return (void *)GetProcAddress((HMODULE)library, name);
}

static const char *why(void) { return "Windows could not load it"; }

#else

/* Run the interpreter with the question. Nothing of the host's own process is used but its environment. */
static int ask(const char *python, char *answer, size_t size)
{
    int ends[2];
    if (pipe(ends)) return -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    char *arguments[] = {(char *)python, "-I", "-S", "-c", (char *)question, NULL};
    pid_t child;
    int failed = posix_spawn(&child, python, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    size_t got = 0;
    ssize_t more;
    while (!failed && got < size - 1 && (more = read(ends[0], answer + got, size - 1 - got)) > 0) got += (size_t)more;
    close(ends[0]);
    answer[got] = 0;
    if (!failed) waitpid(child, NULL, 0);
    return failed || !got ? -1 : 0;
}

/* Extension modules are not linked to libpython: they find its symbols only when these are global. */
static void *open_library(const char *path) { return dlopen(path, RTLD_NOW | RTLD_GLOBAL); }

static void *find_symbol(void *library, const char *name) { return dlsym(library, name); }

static const char *why(void)
{
    const char *text = dlerror();
    return text ? text : "unknown reason";
}

#endif

static const char *find_library(const char *venv, char *path, size_t size)
{
    static const char *const places[] = {"bin/python", "Scripts/python.exe", "python.exe"};
    char python[4096];
    bool found = false;
    for (size_t i = 0; i < sizeof places / sizeof *places && !found; i++) {
        snprintf(python, sizeof python, "%s/%s", venv, places[i]);
        FILE *file = fopen(python, "rb");
        found = file != NULL;
        if (file) fclose(file);
    }
    if (!found) return fail("there is no Python in ", venv, "; make the environment with `mochic-py pkg install`");
    if (ask(python, path, size)) return fail("cannot run ", python, " to ask for its library");
    path[strcspn(path, "\r\n")] = 0;
    if (path[0] == '!') return fail(path + 1, "", "");
    return NULL;
}

static const char *load_symbols(void *library, const char *path)
{
    const char *missing = NULL;
/* An object pointer becomes a function pointer, as POSIX lets it. */
#define F(result, name, parameters)                                                                        \
    *(void **)&py.name = find_symbol(library, #name);                                                      \
    if (!py.name) missing = #name;
    MOCHI_PYTHON_FUNCTIONS(F)
#undef F
#define F(result, name, parameters) *(void **)&py.name = find_symbol(library, #name);
    MOCHI_PYTHON_OPTIONAL(F)
#undef F
#define F(name, symbol)                                                                                    \
    py.name = find_symbol(library, #symbol);                                                               \
    if (!py.name) missing = #symbol;
    MOCHI_PYTHON_OBJECTS(F)
#undef F
    py.RuntimeError = find_symbol(library, "PyExc_RuntimeError");
    if (!py.RuntimeError) missing = "PyExc_RuntimeError";
    if (!missing) return NULL;
    char what[256];
    snprintf(what, sizeof what, "%s has no `%s`: ", path, missing);
    return fail(what, "Python 3.12 or later is needed", "");
}

const char *mochi_open_library(const mochi_options *options)
{
    char path[4096];
    const char *failed;
    if (!options->venv) return "no environment was given";
    if (options->libpython)
        snprintf(path, sizeof path, "%s", options->libpython);
    else if ((failed = find_library(options->venv, path, sizeof path)))
        return failed;
    void *library = open_library(path);
    if (!library) return fail("cannot open libpython: ", why(), "");
    if ((failed = load_symbols(library, path))) return failed;
    py.free_threaded = strstr(py.Py_GetVersion(), "free-threading") != NULL;
    return NULL;
}
