// Command bench measures what a call costs from Go: bench WORKSPACE ROUNDS. It prints a line of ns for each
// round: CPU time, wall time.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"mochi_python/mochipy"
	"mochi_python/shop"
)

const calls = 100_000

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// spent returns the CPU time of the process in ns.
func spent() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

func measure(label string, call func(int64) error) {
	start, began := spent(), time.Now()
	for i := range int64(calls) {
		check(call(i))
	}
	show(label, start, began)
}

func together(label string, goroutines int) {
	start, began := spent(), time.Now()
	var all sync.WaitGroup
	for range goroutines {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range int64(calls / goroutines) {
				_, err := shop.SameInt(i)
				check(err)
			}
		}()
	}
	all.Wait()
	show(label, start, began)
}

func show(label string, start float64, began time.Time) {
	fmt.Printf("%s\t%.1f\t%.1f\n", label, (spent()-start)/calls, float64(time.Since(began).Nanoseconds())/calls)
}

func main() {
	check(mochipy.Init(mochipy.Options{Workspace: os.Args[1]}))
	plainInt := mochipy.NewFunction("shop", "same_int")
	plainString := mochipy.NewFunction("shop", "same_string")
	rounds, err := strconv.Atoi(os.Args[2])
	check(err)
	for range rounds {
		measure("plain int", func(i int64) error {
			call := plainInt.Begin(1)
			mochipy.WriteInt(call, i+1000)
			_, err := mochipy.Result(call, mochipy.ReadInt)
			return err
		})
		measure("plain string", func(int64) error {
			call := plainString.Begin(1)
			mochipy.WriteString(call, "hello world")
			_, err := mochipy.Result(call, mochipy.ReadString)
			return err
		})
		measure("bound int", func(i int64) error {
			_, err := shop.SameInt(i + 1000)
			return err
		})
		measure("bound string", func(int64) error {
			_, err := shop.SameString("hello world")
			return err
		})
	}
	// By themselves: the threads that these leave behind would slow the others.
	for range rounds {
		together("bound int, 8 goroutines", 8)
		together("bound int, 200 goroutines", 200)
	}
	check(mochipy.Shutdown())
}
