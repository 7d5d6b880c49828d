package mochipy

import (
	"fmt"
	"slices"
)

// PyError is an exception of Python.
type PyError struct {
	// Type is the qualified name of its class; those of Python itself have no module.
	Type    string
	Message string
	// Trace is its text as Python prints it, with the causes.
	Trace string
	// Classes are its class and the bases.
	Classes []string
}

func (e *PyError) Error() string {
	if e.Message == "" {
		return e.Type
	}
	return e.Type + ": " + e.Message
}

// IsA tells whether the exception is of a class, or of one that descends from it.
func (e *PyError) IsA(class string) bool {
	return e.Type == class || slices.Contains(e.Classes, class)
}

// TypeError says that a value is not what its declaration says.
type TypeError struct {
	Expected, Found string
}

func (e *TypeError) Error() string {
	return fmt.Sprintf("expected %s, Python gave %s", e.Expected, e.Found)
}
