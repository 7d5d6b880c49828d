// Package mochipy runs Python inside this process, for the packages that mochic-py binds.
//
// It is one crossing for each call, from any goroutine: a call attaches the thread it runs on to Python, and
// gives it back. Nothing is locked to a thread.
package mochipy

/*
#cgo CFLAGS: -std=c11 -O2
#cgo linux LDFLAGS: -ldl -lpthread
#include <stdlib.h>
#include "mochi_py.h"

extern int mochiGoCallback(void *context, uint64_t id, mochi_frame *frame);
extern void mochiGoRelease(void *context, uint64_t id);

static int start(const char *venv, const char *workspace, const char *libpython)
{
    mochi_options options = {venv, workspace, libpython, mochiGoCallback, mochiGoRelease, NULL};
    return mochi_init(&options);
}
*/
import "C"

import (
	"path/filepath"
	"runtime"
	"unsafe"
)

// Options say where the packages are. Workspace is the folder with python_wrap.
type Options struct {
	Workspace string
	// Venv is .venv in the workspace where it is empty.
	Venv string
	// Libpython is the library of Venv's interpreter where it is empty.
	Libpython string
}

// Init starts Python, once in a process.
func Init(options Options) error {
	if options.Venv == "" {
		options.Venv = filepath.Join(options.Workspace, ".venv")
	}
	workspace, err := filepath.Abs(options.Workspace)
	if err != nil {
		return err
	}
	venv, err := filepath.Abs(options.Venv)
	if err != nil {
		return err
	}
	var libpython *C.char
	if options.Libpython != "" {
		libpython = C.CString(options.Libpython)
		defer C.free(unsafe.Pointer(libpython))
	}
	// The library keeps what it is given.
	return lastError(func() C.int { return C.start(C.CString(venv), C.CString(workspace), libpython) })
}

// Shutdown runs what Python has registered to run at exit, and writes out what it has buffered.
func Shutdown() error {
	return lastError(func() C.int { return C.mochi_shutdown() })
}

// LiveHandles returns how many objects of Python the program holds.
func LiveHandles() int {
	return int(C.mochi_live_handles())
}

// lastError does something and returns its error, which the thread it ran on keeps.
func lastError(do func() C.int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if do() == C.MOCHI_OK {
		return nil
	}
	return keptError()
}

func keptError() error {
	kept := C.mochi_last_error()
	return &PyError{Type: C.GoString(kept._type), Message: C.GoString(kept.message), Trace: C.GoString(kept.trace)}
}
