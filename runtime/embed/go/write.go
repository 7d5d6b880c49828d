package mochipy

/*
#include "mochi_py.h"
*/
import "C"

import (
	"cmp"
	"maps"
	"math"
	"math/big"
	"slices"
	"unsafe"
)

// Of strings and bytes of this length and more, the address is passed.
const long = 1 << 14

// reserve makes room for size more bytes, a whole number of words.
func (c *Call) reserve(size uintptr) unsafe.Pointer {
	frame := c.frame
	if uintptr(frame.capacity)-uintptr(frame.length) < size {
		if C.mochi_frame_reserve(frame, C.size_t(size)) == nil {
			panic("no memory is left for a call of Python")
		}
	}
	place := unsafe.Add(unsafe.Pointer(frame.data), uintptr(frame.length))
	frame.length += C.size_t(size)
	return place
}

func (c *Call) head(tag uint64, count int) {
	*(*uint64)(c.reserve(8)) = uint64(count)<<8 | tag
}

func (c *Call) word(tag, word uint64) {
	*(*[2]uint64)(c.reserve(16)) = [2]uint64{tag, word}
}

func (c *Call) data(tag uint64, data *byte, length int) {
	if length >= long && tag != C.MOCHI_BIGINT && !c.copies {
		borrowed := uint64(C.MOCHI_BORROWED_STRING)
		if tag == C.MOCHI_BYTES {
			borrowed = C.MOCHI_BORROWED_BYTES
		}
		c.pinner.Pin(data)
		c.pinned = true
		*(*[2]uint64)(c.reserve(16)) = [2]uint64{uint64(length)<<8 | borrowed, uint64(uintptr(unsafe.Pointer(data)))}
		return
	}
	whole := uintptr(length+7) &^ 7
	place := c.reserve(8 + whole)
	*(*uint64)(place) = uint64(length)<<8 | tag
	if length > 0 {
		*(*uint64)(unsafe.Add(place, whole)) = 0
		copy(unsafe.Slice((*byte)(unsafe.Add(place, 8)), length), unsafe.Slice(data, length))
	}
}

// Reset forgets the arguments of a callback, before its result is written.
func (c *Call) Reset() {
	c.frame.length = 0
	c.at = 0
}

// WriteNull writes what Python has as None.
func WriteNull(c *Call) {
	c.head(C.MOCHI_NULL, 0)
}

// WriteBool writes a bool.
func WriteBool(c *Call, value bool) {
	count := 0
	if value {
		count = 1
	}
	c.head(C.MOCHI_BOOL, count)
}

// WriteInt writes an int.
func WriteInt(c *Call, value int64) {
	c.word(C.MOCHI_INT, uint64(value))
}

// WriteFloat writes a float.
func WriteFloat(c *Call, value float64) {
	c.word(C.MOCHI_FLOAT, math.Float64bits(value))
}

// WriteBigint writes an int of any size; nil is 0.
func WriteBigint(c *Call, value *big.Int) {
	switch {
	case value == nil:
		WriteInt(c, 0)
	case value.IsInt64():
		WriteInt(c, value.Int64())
	default:
		text := value.String()
		c.data(C.MOCHI_BIGINT, unsafe.StringData(text), len(text))
	}
}

// WriteString writes a string, in UTF-8.
func WriteString(c *Call, value string) {
	c.data(C.MOCHI_STRING, unsafe.StringData(value), len(value))
}

// WriteBytes writes bytes.
func WriteBytes(c *Call, value []byte) {
	c.data(C.MOCHI_BYTES, unsafe.SliceData(value), len(value))
}

// WriteOption writes a value, or None for nil.
func WriteOption[T any](c *Call, value *T, write func(*Call, T)) {
	if value == nil {
		WriteNull(c)
		return
	}
	write(c, *value)
}

// WriteList writes a list.
func WriteList[T any](c *Call, values []T, write func(*Call, T)) {
	c.head(C.MOCHI_LIST, len(values))
	for _, value := range values {
		write(c, value)
	}
}

// WriteSet writes a set.
func WriteSet[T any](c *Call, values []T, write func(*Call, T)) {
	c.head(C.MOCHI_SET, len(values))
	for _, value := range values {
		write(c, value)
	}
}

// WriteMap writes a map, in the order of its keys.
func WriteMap[K cmp.Ordered, V any](c *Call, values map[K]V, key func(*Call, K), write func(*Call, V)) {
	c.head(C.MOCHI_MAP, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		key(c, name)
		write(c, values[name])
	}
}

// WriteRecord starts a record with so many fields.
func WriteRecord(c *Call, name string, fields int) {
	c.head(C.MOCHI_RECORD, fields)
	WriteString(c, name)
}

// WriteCase starts a case of a variant with so many fields.
func WriteCase(c *Call, name string, fields int) {
	c.head(C.MOCHI_VARIANT, fields)
	WriteString(c, name)
}

// WriteObject writes an object of Python; nil is None.
func WriteObject(c *Call, object *Object) {
	if object == nil {
		WriteNull(c)
		return
	}
	if object.isPlain {
		WriteAny(c, object.plain)
		return
	}
	c.objects = append(c.objects, object)
	c.word(C.MOCHI_HANDLE, object.id.Load())
}

// WriteFunc writes a function. It reads its arguments from the call that it is given, and writes its result.
func WriteFunc(c *Call, function func(*Call) error) {
	if function == nil {
		WriteNull(c)
		return
	}
	WriteFuncUntil(c, function, nil)
}

// WriteFuncUntil writes a function, and has dropped called when Python has no use for it any more.
func WriteFuncUntil(c *Call, function func(*Call) error, dropped func()) {
	c.word(C.MOCHI_CALLBACK, register(function, dropped))
}
