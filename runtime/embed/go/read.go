package mochipy

/*
#include "mochi_py.h"
*/
import "C"

import (
	"math"
	"math/big"
	"strings"
	"unsafe"
)

// peek returns the head at the cursor, and MOCHI_TREE where there is none.
func (c *Call) peek() (tag uint64, count int) {
	if c.at >= uintptr(c.frame.length) {
		return C.MOCHI_TREE, 0
	}
	head := *(*uint64)(unsafe.Add(unsafe.Pointer(c.frame.data), c.at))
	return head & 0xff, int(head >> 8)
}

// open goes behind a head with this tag and returns its count.
func (c *Call) open(tag uint64, expected string) int {
	found, count := c.peek()
	if found != tag {
		c.Fail(expected)
		return 0
	}
	c.at += 8
	return count
}

func (c *Call) payload() uint64 {
	word := *(*uint64)(unsafe.Add(unsafe.Pointer(c.frame.data), c.at+8))
	c.at += 16
	return word
}

// view returns the bytes of a string, big int or bytes, which live as long as the call.
func (c *Call) view(count int) []byte {
	data := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(c.frame.data), c.at+8)), count)
	c.at += 8 + uintptr(count+7)&^7
	return data
}

func (c *Call) text() string {
	return ReadString(c)
}

var tagNames = strings.Fields("None bool int float int string bytes list tuple set map record variant object function")

func (c *Call) shown() string {
	tag, _ := c.peek()
	if tag < uint64(len(tagNames)) {
		return tagNames[tag]
	}
	return "nothing"
}

// Skip goes behind the next value.
func (c *Call) Skip() {
	ReadAny(c)
}

// ReadBool reads a bool.
func ReadBool(c *Call) bool {
	return c.open(C.MOCHI_BOOL, "a bool") != 0
}

// ReadInt reads an int of 64 bits.
func ReadInt(c *Call) int64 {
	if tag, _ := c.peek(); tag == C.MOCHI_INT {
		return int64(c.payload())
	}
	c.Fail("an int of 64 bits")
	return 0
}

// ReadFloat reads a float.
func ReadFloat(c *Call) float64 {
	switch tag, _ := c.peek(); tag {
	case C.MOCHI_FLOAT:
		return math.Float64frombits(c.payload())
	case C.MOCHI_INT:
		return float64(int64(c.payload()))
	}
	c.Fail("a float")
	return 0
}

// ReadBigint reads an int of any size.
func ReadBigint(c *Call) *big.Int {
	switch tag, count := c.peek(); tag {
	case C.MOCHI_INT:
		return big.NewInt(int64(c.payload()))
	case C.MOCHI_BIGINT:
		value, _ := new(big.Int).SetString(string(c.view(count)), 10)
		return value
	}
	c.Fail("an int")
	return new(big.Int)
}

// ReadString reads a string.
func ReadString(c *Call) string {
	if tag, count := c.peek(); tag == C.MOCHI_STRING {
		return string(c.view(count))
	}
	c.Fail("a string")
	return ""
}

// ReadBytes reads bytes.
func ReadBytes(c *Call) []byte {
	if tag, count := c.peek(); tag == C.MOCHI_BYTES {
		return append([]byte{}, c.view(count)...)
	}
	c.Fail("bytes")
	return nil
}

// ReadNull reads None.
func ReadNull(c *Call) {
	c.open(C.MOCHI_NULL, "None")
}

// ReadOption reads a value; None is nil.
func ReadOption[T any](c *Call, read func(*Call) T) *T {
	if tag, _ := c.peek(); tag == C.MOCHI_NULL {
		c.at += 8
		return nil
	}
	value := read(c)
	return &value
}

// ReadList reads a list, and a set as one.
func ReadList[T any](c *Call, read func(*Call) T) []T {
	tag, count := c.peek()
	if tag != C.MOCHI_LIST && tag != C.MOCHI_SET && tag != C.MOCHI_TUPLE {
		c.Fail("a list")
		return nil
	}
	c.at += 8
	values := make([]T, 0, count)
	for range count {
		values = append(values, read(c))
		if c.err != nil {
			return nil
		}
	}
	return values
}

// ReadMap reads a map.
func ReadMap[K comparable, V any](c *Call, key func(*Call) K, read func(*Call) V) map[K]V {
	count := c.open(C.MOCHI_MAP, "a map")
	values := make(map[K]V, count)
	for range count {
		name := key(c)
		values[name] = read(c)
		if c.err != nil {
			return nil
		}
	}
	return values
}

// ReadRecord starts to read a record and returns how many fields it has.
func ReadRecord(c *Call, name string) int {
	count := c.open(C.MOCHI_RECORD, name)
	if c.err == nil && ReadName(c) != name {
		c.Fail(name)
		return 0
	}
	return count
}

// ReadCase starts to read a case of a variant: its name, valid until the call ends, and how many fields it has.
func ReadCase(c *Call, expected string) (name string, fields int) {
	tag, fields := c.peek()
	// The only case of an enum is a class of its own, and so a record.
	if tag != C.MOCHI_VARIANT && tag != C.MOCHI_RECORD {
		c.Fail(expected)
		return "", 0
	}
	c.at += 8
	return ReadName(c), fields
}

// ReadName reads the name of a record, a case or a field; it is valid until the call ends.
func ReadName(c *Call) string {
	if tag, count := c.peek(); tag == C.MOCHI_STRING {
		name := c.view(count)
		return unsafe.String(unsafe.SliceData(name), len(name))
	}
	c.Fail("a name")
	return ""
}

// ReadObject reads an object that stays in Python. A plain value is taken too: some classes have such instances.
func ReadObject(c *Call) *Object {
	if tag, _ := c.peek(); tag == C.MOCHI_HANDLE {
		return newObject(c.payload())
	}
	return Of(ReadAny(c))
}
