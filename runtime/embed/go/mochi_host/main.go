// Command mochi_host serves any workspace: JSON lines in, JSON lines out.
//
//	mochi_host WORKSPACE [VENV]
//	mochi_host WORKSPACE/mochi_worker.py
//
// The lines are those of the host in C, mochi_embed_run. Between reading and calling, every value is one of Go.
package main

/*
#ifdef _WIN32
#include <io.h>
#define dup _dup
#define dup2 _dup2
#else
#include <unistd.h>
#endif

// What functions print goes to stderr.
static int take_stdout(void)
{
    int file = dup(1);
    dup2(2, 1);
    return file;
}
*/
import "C"

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

	"mochi_python/mochipy"
)

const module = "_mochi_wrap.embedded_host"

// What open_line says of a line.
const (
	ignored = iota
	call
	end
	answer
	failure
)

var (
	openLine     = mochipy.NewFunction(module, "open_line")
	closeCall    = mochipy.NewFunction(module, "close_call")
	closeFailure = mochipy.NewFunction(module, "close_failure")
	ask          = mochipy.NewFunction(module, "ask")
	start        = mochipy.NewFunction(module, "start")

	known sync.Map
	in    = bufio.NewReader(os.Stdin)
	out   *os.File
)

type request struct {
	kind             int64
	id, module, name string
	values           any
}

func find(module, name string) *mochipy.Function {
	found, _ := known.LoadOrStore(module+":"+name, mochipy.NewFunction(module, name))
	return found.(*mochipy.Function)
}

// nextRequest reads a line and has it taken apart; the error is io.EOF at the end.
func nextRequest() (request, error) {
	line, err := in.ReadBytes('\n')
	if len(line) == 0 {
		return request{}, err
	}
	reading := openLine.Begin(1)
	mochipy.WriteBytes(reading, line)
	found, err := mochipy.Result(reading, mochipy.ReadExact)
	if err != nil {
		// Python knows which call it was.
		return request{}, fail("", err)
	}
	parts := found.(mochipy.Tuple)
	return request{parts[0].(int64), parts[1].(string), parts[2].(string), parts[3].(string), parts[4]}, nil
}

func writeLine(writing *mochipy.Call) error {
	line, err := mochipy.Result(writing, mochipy.ReadBytes)
	if err != nil {
		return err
	}
	_, err = out.Write(line)
	return err
}

// forward is a function of whoever writes the lines.
type forward mochipy.Callback

// WriteMochi gives Python a function that asks there.
func (f forward) WriteMochi(c *mochipy.Call) {
	forget := func() {
		fmt.Fprintf(out, `{"jsonrpc":"2.0","method":"$/forget","params":["callback",%d]}`+"\n", uint64(f))
	}
	mochipy.WriteFuncUntil(c, func(in *mochipy.Call) error {
		arguments := make([]any, in.Arguments())
		for i := range arguments {
			arguments[i] = mochipy.ReadExact(in)
		}
		defer release(arguments)
		asking := ask.Begin(2)
		mochipy.WriteInt(asking, int64(f))
		mochipy.WriteAny(asking, arguments)
		if err := writeLine(asking); err != nil {
			return err
		}
		answered, err := serve(true)
		if err != nil {
			return err
		}
		if answered.kind == failure {
			return errors.New(answered.values.(string))
		}
		in.Reset()
		mochipy.WriteAny(in, withFunctions(answered.values))
		return nil
	}, forget)
}

// withFunctions puts functions in the place of their numbers.
func withFunctions(value any) any {
	return walk(value, func(leaf any) any {
		if number, is := leaf.(mochipy.Callback); is {
			return forward(number)
		}
		return leaf
	})
}

// release gives up the objects in a value, which were handed out with it.
func release(value any) {
	walk(value, func(leaf any) any {
		if object, is := leaf.(*mochipy.Object); is {
			object.Release()
		}
		return leaf
	})
}

func walk(value any, visit func(any) any) any {
	switch value := value.(type) {
	case []any:
		each(value, visit)
	case mochipy.Tuple:
		each(value, visit)
	case mochipy.Set:
		each(value, visit)
	case mochipy.Map:
		for i := range value {
			value[i].Key = walk(value[i].Key, visit)
			value[i].Value = walk(value[i].Value, visit)
		}
	case mochipy.Record:
		for i := range value.Fields {
			value.Fields[i].Value = walk(value.Fields[i].Value, visit)
		}
	default:
		return visit(value)
	}
	return value
}

func each(values []any, visit func(any) any) {
	for i := range values {
		values[i] = walk(values[i], visit)
	}
}

func run(asked request) error {
	arguments := withFunctions(asked.values).([]any)
	defer release(arguments)
	calling := find(asked.module, asked.name).Begin(len(arguments))
	for _, argument := range arguments {
		mochipy.WriteAny(calling, argument)
	}
	result, err := mochipy.Result(calling, mochipy.ReadExact)
	if err != nil {
		return fail(asked.id, err)
	}
	defer release(result)
	closing := closeCall.Begin(2)
	mochipy.WriteString(closing, asked.id)
	mochipy.WriteAny(closing, result)
	if err := writeLine(closing); err != nil {
		return fail(asked.id, err)
	}
	return nil
}

func fail(id string, err error) error {
	failed := new(mochipy.PyError)
	if !errors.As(err, &failed) {
		failed = &mochipy.PyError{Type: "RuntimeError", Message: err.Error()}
	}
	closing := closeFailure.Begin(5)
	mochipy.WriteString(closing, id)
	mochipy.WriteString(closing, failed.Type)
	mochipy.WriteString(closing, failed.Message)
	mochipy.WriteString(closing, failed.Trace)
	mochipy.WriteList(closing, failed.Classes, mochipy.WriteString)
	return writeLine(closing)
}

// serve answers calls until the lines end, or, where one is awaited, until an answer comes.
func serve(awaited bool) (request, error) {
	for {
		read, err := nextRequest()
		if err != nil {
			return read, err
		}
		switch read.kind {
		case call:
			if err := run(read); err != nil {
				return read, err
			}
		case end:
			return read, io.EOF
		case answer, failure:
			if awaited {
				return read, nil
			}
		}
	}
}

func main() {
	// Python keeps what failed last by thread, until close_failure asks for it.
	runtime.LockOSThread()
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fmt.Fprintln(os.Stderr, "mochi_host: give the folder of a workspace, and of its environment if it has another")
		os.Exit(1)
	}
	// Whoever starts workers gives the script of the workspace.
	options := mochipy.Options{Workspace: strings.TrimSuffix(os.Args[1], "/mochi_worker.py")}
	if len(os.Args) == 3 {
		options.Venv = os.Args[2]
	}
	out = os.NewFile(uintptr(C.take_stdout()), "answers")
	err := mochipy.Init(options)
	if err == nil {
		starting := start.Begin(1)
		mochipy.WriteAny(starting, forward(0))
		err = mochipy.Done(starting)
	}
	if err == nil {
		if _, err = serve(false); errors.Is(err, io.EOF) {
			err = mochipy.Shutdown()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mochi_host:", err)
		os.Exit(1)
	}
}
