package mochipy

/*
#include "mochi_py.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"unsafe"
)

var (
	functionsLock sync.RWMutex
	functions     = map[uint64]function{}
	lastFunction  uint64
)

type function struct {
	run     func(*Call) error
	dropped func()
}

func register(run func(*Call) error, dropped func()) uint64 {
	functionsLock.Lock()
	defer functionsLock.Unlock()
	lastFunction++
	functions[lastFunction] = function{run, dropped}
	return lastFunction
}

// LiveCallbacks returns how many functions of the program Python holds.
func LiveCallbacks() int {
	functionsLock.RLock()
	defer functionsLock.RUnlock()
	return len(functions)
}

//export mochiGoRelease
func mochiGoRelease(_ unsafe.Pointer, id C.uint64_t) {
	functionsLock.Lock()
	defer functionsLock.Unlock()
	if dropped := functions[uint64(id)].dropped; dropped != nil {
		// Python waits meanwhile.
		go dropped()
	}
	delete(functions, uint64(id))
}

//export mochiGoCallback
func mochiGoCallback(_ unsafe.Pointer, id C.uint64_t, frame *C.mochi_frame) C.int {
	functionsLock.RLock()
	called := functions[uint64(id)]
	functionsLock.RUnlock()
	call := &Call{frame: frame, copies: true}
	err := run(called.run, call)
	if err == nil {
		err = call.err
	}
	if err != nil {
		call.Reset()
		WriteString(call, err.Error())
		return C.MOCHI_RAISED
	}
	return C.MOCHI_OK
}

func run(function func(*Call) error, call *Call) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return function(call)
}

// Arguments returns how many arguments a callback was given.
func (c *Call) Arguments() int {
	return int(c.frame.count)
}
