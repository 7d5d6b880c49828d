package mochipy

/*
#include "mochi_py.h"
*/
import "C"

import (
	"runtime"
	"sync/atomic"
)

// Object stays in Python. It is given up by Release, or when the program has forgotten it.
type Object struct {
	id      atomic.Uint64
	cleanup runtime.Cleanup
	// What Python gave is a plain value, although an object was declared.
	isPlain bool
	plain   any
}

// Of returns an object that is a plain value, for declarations that a class of Python's own fulfils.
func Of(value any) *Object {
	return &Object{isPlain: true, plain: value}
}

// Plain returns the plain value that Python gave as the object, if it did.
func (o *Object) Plain() (any, bool) {
	return o.plain, o.isPlain
}

func newObject(id uint64) *Object {
	object := new(Object)
	object.id.Store(id)
	object.cleanup = runtime.AddCleanup(object, func(id uint64) { C.mochi_release_later(C.uint64_t(id)) }, id)
	return object
}

// Release gives the object up. It cannot be used afterwards; a second Release does nothing.
func (o *Object) Release() {
	if o == nil {
		return
	}
	if id := o.id.Swap(0); id != 0 {
		o.cleanup.Stop()
		C.mochi_release(C.uint64_t(id))
	}
}

// WriteMochi writes the object as an argument.
func (o *Object) WriteMochi(c *Call) {
	WriteObject(c, o)
}

var (
	apply = NewFunction("_mochi_wrap.embedded", "apply")
	step  = NewFunction("_mochi_wrap.embedded", "step")
)

// Apply starts a call of an object with so many arguments.
func Apply(o *Object, count int) *Call {
	call := apply.Begin(1 + count)
	WriteObject(call, o)
	return call
}

// Stream gives values that Python makes one after the other.
type Stream[T any] struct {
	*Object
	read func(*Call) T
}

// ReadStream reads a stream of values.
func ReadStream[T any](c *Call, read func(*Call) T) *Stream[T] {
	return &Stream[T]{ReadObject(c), read}
}

// Next returns the next value, and false at the end.
func (s *Stream[T]) Next() (T, bool, error) {
	var none T
	call := step.Begin(1)
	WriteObject(call, s.Object)
	found, err := Result(call, func(c *Call) []T { return ReadList(c, s.read) })
	if err != nil || len(found) == 0 {
		return none, false, err
	}
	return found[0], true, nil
}

// All gives the values that are left, and what goes wrong on the way.
func (s *Stream[T]) All() func(yield func(T, error) bool) {
	return func(yield func(T, error) bool) {
		for {
			value, more, err := s.Next()
			if !more && err == nil || !yield(value, err) || err != nil {
				return
			}
		}
	}
}
