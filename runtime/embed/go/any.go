package mochipy

/*
#include "mochi_py.h"
*/
import "C"

import (
	"fmt"
	"math/big"
	"reflect"
)

// Value is what knows how it is written: records, cases of variants, objects.
type Value interface {
	WriteMochi(*Call)
}

// Record is a record, or a case of a variant, that no declaration names.
type Record struct {
	Name   string
	Case   bool
	Fields []Field
}

// Field is a field of a Record.
type Field struct {
	Name  string
	Value any
}

// Tuple is a tuple of Python; what takes a list takes one too.
type Tuple []any

// Set is a set of Python.
type Set []any

// Callback is the number of a function of the host: ReadExact gives it, where Python knows of one by its number.
type Callback uint64

// Pair is an entry of a map whose keys are not all strings.
type Pair struct {
	Key, Value any
}

// Map is a map whose keys are not all strings.
type Map []Pair

// WriteMochi writes the record.
func (r Record) WriteMochi(c *Call) {
	tag := uint64(C.MOCHI_RECORD)
	if r.Case {
		tag = C.MOCHI_VARIANT
	}
	c.head(tag, len(r.Fields))
	WriteString(c, r.Name)
	for _, field := range r.Fields {
		WriteString(c, field.Name)
		WriteAny(c, field.Value)
	}
}

// WriteMochi writes the tuple.
func (t Tuple) WriteMochi(c *Call) {
	c.head(C.MOCHI_TUPLE, len(t))
	for _, value := range t {
		WriteAny(c, value)
	}
}

// WriteMochi writes the set.
func (s Set) WriteMochi(c *Call) {
	WriteSet(c, s, WriteAny)
}

// WriteMochi writes the map.
func (m Map) WriteMochi(c *Call) {
	c.head(C.MOCHI_MAP, len(m))
	for _, pair := range m {
		WriteAny(c, pair.Key)
		WriteAny(c, pair.Value)
	}
}

// WriteAny writes a value of any type that Mochi has.
func WriteAny(c *Call, value any) {
	switch value := value.(type) {
	case nil:
		WriteNull(c)
	case Value:
		value.WriteMochi(c)
	case bool:
		WriteBool(c, value)
	case int:
		WriteInt(c, int64(value))
	case int64:
		WriteInt(c, value)
	case float64:
		WriteFloat(c, value)
	case string:
		WriteString(c, value)
	case []byte:
		WriteBytes(c, value)
	case *big.Int:
		WriteBigint(c, value)
	case []any:
		WriteList(c, value, WriteAny)
	case map[string]any:
		WriteMap(c, value, WriteString, WriteAny)
	case func(...any) (any, error):
		WriteFunc(c, variadic(value))
	default:
		c.reflected(reflect.ValueOf(value))
	}
}

func variadic(function func(...any) (any, error)) func(*Call) error {
	return func(c *Call) error {
		arguments := make([]any, c.Arguments())
		for i := range arguments {
			arguments[i] = ReadAny(c)
		}
		result, err := function(arguments...)
		c.Reset()
		if err == nil {
			WriteAny(c, result)
		}
		return err
	}
}

// reflected writes what has a type of its own: other sizes of numbers, slices, maps and pointers.
func (c *Call) reflected(value reflect.Value) {
	switch {
	case value.CanInt():
		WriteInt(c, value.Int())
	case value.CanUint():
		WriteBigint(c, new(big.Int).SetUint64(value.Uint()))
	case value.CanFloat():
		WriteFloat(c, value.Float())
	case value.Kind() == reflect.String:
		WriteString(c, value.String())
	case value.Kind() == reflect.Bool:
		WriteBool(c, value.Bool())
	case value.Kind() == reflect.Pointer && value.IsNil():
		WriteNull(c)
	case value.Kind() == reflect.Pointer:
		WriteAny(c, value.Elem().Interface())
	case value.Kind() == reflect.Slice || value.Kind() == reflect.Array:
		c.head(C.MOCHI_LIST, value.Len())
		for i := range value.Len() {
			WriteAny(c, value.Index(i).Interface())
		}
	case value.Kind() == reflect.Map:
		c.head(C.MOCHI_MAP, value.Len())
		for entries := value.MapRange(); entries.Next(); {
			WriteAny(c, entries.Key().Interface())
			WriteAny(c, entries.Value().Interface())
		}
	default:
		c.err = fmt.Errorf("a value of type %s has no form in Python", value.Type())
	}
}

// ReadAny reads whatever is there: nil, bool, int64, *big.Int, float64, string, []byte, []any, Tuple, Set,
// map[string]any, Map, Record or *Object.
func ReadAny(c *Call) any {
	return c.any(false)
}

// ReadExact reads what ReadAny reads, and every map as a Map, which keeps its order.
func ReadExact(c *Call) any {
	return c.any(true)
}

func (c *Call) any(exact bool) any {
	tag, count := c.peek()
	switch tag {
	case C.MOCHI_NULL:
		c.at += 8
		return nil
	case C.MOCHI_BOOL:
		return ReadBool(c)
	case C.MOCHI_INT:
		return ReadInt(c)
	case C.MOCHI_FLOAT:
		return ReadFloat(c)
	case C.MOCHI_BIGINT:
		return ReadBigint(c)
	case C.MOCHI_STRING:
		return ReadString(c)
	case C.MOCHI_BYTES:
		return ReadBytes(c)
	case C.MOCHI_LIST:
		return c.anyList(exact)
	case C.MOCHI_TUPLE:
		return Tuple(c.anyList(exact))
	case C.MOCHI_SET:
		return Set(c.anyList(exact))
	case C.MOCHI_MAP:
		c.at += 8
		return c.anyMap(count, exact)
	case C.MOCHI_RECORD, C.MOCHI_VARIANT:
		c.at += 8
		record := Record{Name: ReadString(c), Case: tag == C.MOCHI_VARIANT, Fields: make([]Field, 0, count)}
		for range count {
			record.Fields = append(record.Fields, Field{ReadString(c), c.any(exact)})
		}
		return record
	case C.MOCHI_HANDLE:
		return ReadObject(c)
	case C.MOCHI_CALLBACK:
		return Callback(c.payload())
	}
	c.Fail("a value")
	return nil
}

func (c *Call) anyList(exact bool) []any {
	return ReadList(c, func(c *Call) any { return c.any(exact) })
}

func (c *Call) anyMap(count int, exact bool) any {
	pairs, strings := make(Map, 0, count), true
	for range count {
		pair := Pair{c.any(exact), c.any(exact)}
		if _, is := pair.Key.(string); !is {
			strings = false
		}
		pairs = append(pairs, pair)
	}
	if exact || !strings {
		return pairs
	}
	values := make(map[string]any, count)
	for _, pair := range pairs {
		values[pair.Key.(string)] = pair.Value
	}
	return values
}
