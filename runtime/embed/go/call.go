package mochipy

/*
#include <stdlib.h>
#include "mochi_py.h"

// A number is not looked at, a pointer is checked at every call.
static int call_frame(uintptr_t frame) { return mochi_call_frame((mochi_frame *)frame); }
*/
import "C"

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

const kept = 1 << 20

// Function is a function of a Python module, looked up when it is first called.
type Function struct {
	module, name string
	id           atomic.Uintptr
}

// NewFunction names a function of a module.
func NewFunction(module, name string) *Function {
	return &Function{module: module, name: name}
}

func (f *Function) resolve() (uintptr, error) {
	module, name := C.CString(f.module), C.CString(f.name)
	defer C.free(unsafe.Pointer(module))
	defer C.free(unsafe.Pointer(name))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	id := uintptr(C.mochi_resolve(module, name))
	if id == 0 {
		return 0, keptError()
	}
	f.id.Store(id)
	return id, nil
}

// Call is a call under way: first its arguments are written, then its result is read. Its memory
// is C's, and used again for other calls.
type Call struct {
	frame   *C.mochi_frame
	cleanup runtime.Cleanup
	at      uintptr
	err     error
	// What must not be released before the call ends.
	objects []*Object
	pinner  runtime.Pinner
	pinned  bool
	// What is written outlives the call, since it is the result of a callback.
	copies bool
}

var calls = sync.Pool{New: func() any {
	call := &Call{frame: C.mochi_frame_new(512)}
	call.cleanup = runtime.AddCleanup(call, func(frame *C.mochi_frame) { C.mochi_frame_free(frame) }, call.frame)
	return call
}}

// Begin starts a call with so many arguments.
func (f *Function) Begin(count int) *Call {
	call := calls.Get().(*Call)
	id := f.id.Load()
	if id == 0 {
		id, call.err = f.resolve()
	}
	frame := call.frame
	frame.function = C.uintptr_t(id)
	frame.count = C.uint32_t(count)
	frame.length = 0
	call.at = 0
	return call
}

// Result makes the call and returns what read makes of its result.
func Result[T any](call *Call, read func(*Call) T) (T, error) {
	var result T
	if call.do() {
		result = read(call)
	}
	err := call.err
	call.end()
	return result, err
}

// Done makes the call of a function without a result.
func Done(call *Call) error {
	call.do()
	err := call.err
	call.end()
	return err
}

func (c *Call) do() bool {
	if c.err != nil {
		return false
	}
	status := C.call_frame(C.uintptr_t(uintptr(unsafe.Pointer(c.frame))))
	c.at = 0
	if status != C.MOCHI_OK {
		failed := &PyError{Type: c.text(), Message: c.text(), Trace: c.text()}
		failed.Classes = ReadList(c, ReadString)
		c.err = failed
		return false
	}
	return true
}

func (c *Call) end() {
	if c.objects != nil {
		runtime.KeepAlive(c.objects)
		clear(c.objects)
		c.objects = c.objects[:0]
	}
	if c.pinned {
		c.pinner.Unpin()
		c.pinned = false
	}
	c.err = nil
	if c.frame.capacity > kept {
		c.cleanup.Stop()
		C.mochi_frame_free(c.frame)
		return
	}
	calls.Put(c)
}

// Err returns what went wrong so far.
func (c *Call) Err() error {
	return c.err
}

// Fail notes that a value is not what was expected; the first such error is kept.
func (c *Call) Fail(expected string) {
	if c.err == nil {
		c.err = &TypeError{Expected: expected, Found: c.shown()}
	}
	c.at = uintptr(c.frame.length)
}
