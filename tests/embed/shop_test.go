package shop_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"os/signal"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mochi_python/mochipy"
	"mochi_python/shop"
)

func TestMain(m *testing.M) {
	if err := mochipy.Init(mochipy.Options{Workspace: os.Getenv("WORKSPACE")}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	code := m.Run()
	if err := mochipy.Shutdown(); err != nil {
		fmt.Println(err)
		code = 1
	}
	if _, err := shop.SameInt(1); err == nil || !strings.Contains(err.Error(), "not running") {
		fmt.Println("a call after Shutdown gave", err)
		code = 1
	}
	os.Exit(code)
}

func gives[T any](t *testing.T, want T) func(T, error) {
	return func(got T, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %#v, %v; want %#v", got, err, want)
		}
	}
}

func raises(t *testing.T, err error, class, message string) *mochipy.PyError {
	t.Helper()
	failed := new(mochipy.PyError)
	if !errors.As(err, &failed) || !failed.IsA(class) || !strings.Contains(failed.Message, message) {
		t.Errorf("got %#v, not %s: %s", err, class, message)
	}
	return failed
}

func TestScalars(t *testing.T) {
	for _, value := range []int64{0, -1, math.MaxInt64, math.MinInt64} {
		gives(t, value)(shop.SameInt(value))
	}
	for _, value := range []float64{0, -1.5, math.Inf(1), math.SmallestNonzeroFloat64} {
		gives(t, value)(shop.SameFloat(value))
	}
	long := strings.Repeat("ä€\x00🐍", 40000)
	for _, value := range []string{"", "a", "ä€\x00🐍", "12345678", long, "\xed\xa0\x80"} {
		gives(t, value)(shop.SameString(value))
		gives(t, append([]byte{}, value...))(shop.SameBytes([]byte(value)))
	}
	gives(t, true)(shop.SameBool(true))
	gives(t, "b")(shop.Chosen("b"))
	if err := shop.Nothing(1); err != nil {
		t.Error(err)
	}
	nan, err := shop.SameFloat(math.NaN())
	if err != nil || !math.IsNaN(nan) {
		t.Error(nan, err)
	}
	_, err = shop.SameString("\xff")
	raises(t, err, "UnicodeDecodeError", "")
}

func TestContainers(t *testing.T) {
	gives(t, []string{"a", "b"})(shop.Parts("a b"))
	gives(t, []string{"a ", ""})(shop.PartsWith("a ,", map[string]any{"sep": ","}))
	gives(t, map[string]int64{"a": 1, "ää": 2})(shop.Lengths([]string{"a", "ää"}))
	gives(t, []int64{7})(shop.Distinct([]int64{7, 7}))
	gives(t, map[string][][]float64{"0": {{0, 0}, {0, 1}}})(shop.Grid(1))
	place, err := shop.Find([]string{"a", "b"}, "b")
	if err != nil || place == nil || *place != 1 {
		t.Error(place, err)
	}
	gives(t, (*int64)(nil))(shop.Find(nil, "b"))
	big := new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil)
	for _, value := range []any{nil, true, int64(1), 1.5, "a", []byte{0}, big, []any{int64(1), "b"},
		map[string]any{"a": nil}, mochipy.Map{{Key: int64(1), Value: "a"}}, mochipy.Tuple{int64(1)}, mochipy.Set{"a"},
		mochipy.Record{Name: "Thing", Fields: []mochipy.Field{{Name: "x", Value: int64(1)}}}} {
		gives(t, value)(shop.SameAny(value))
	}
	_, err = shop.Power(10, 30)
	if failed := new(mochipy.TypeError); !errors.As(err, &failed) || failed.Expected != "an int of 64 bits" {
		t.Error(err)
	}
	long := make([]any, 100000)
	for i := range long {
		long[i] = fmt.Sprint(i)
	}
	if back, err := shop.SameAny(long); err != nil || !reflect.DeepEqual(back, any(long)) {
		t.Error("a long list comes back otherwise:", err)
	}
}

func TestRecordsAndVariants(t *testing.T) {
	name := "p"
	gives(t, shop.Point{X: 1.5, Y: 2.5, Name: &name})(shop.Moved(shop.Point{X: 1, Y: 2, Name: &name}, 0.5))
	gives(t, shop.Pair{First: 1, Second: []string{"a"}})(shop.Pair_pair(1, []string{"a"}))
	deep := true
	gives(t, shop.Options{Deep: &deep})(shop.Options_options(shop.Options{Deep: &deep}))
	gives(t, shop.IntOrString(shop.IntOrStringInt{Value: 12}))(shop.NumberOrText("12"))
	gives(t, shop.IntOrString(shop.IntOrStringString{Value: "x"}))(shop.NumberOrText("x"))
	gives(t, "int 1")(shop.Shown(int64(1)))
	gives(t, "str a")(shop.Shown(shop.IntOrStringString{Value: "a"}))
	gives(t, "Point Point(x=1.0, y=2.0, name=None)")(shop.Shown(shop.Point{X: 1, Y: 2}))
	gives(t, shop.ColorGREEN)(shop.Opposite(shop.ColorRED))
	gives(t, shop.OnlyONE)(shop.Only_only(shop.OnlyONE))
	_, err := shop.Opposite("Color_NONE")
	raises(t, err, "TypeError", "opposite")
}

func TestErrors(t *testing.T) {
	_, err := shop.Fails("bread")
	failed := raises(t, err, "LookupError", "no bread")
	if failed.Type != "shop.OutOfStockError" || !strings.Contains(failed.Trace, "KeyError: 'bread'") ||
		!strings.Contains(failed.Trace, "direct cause") || !strings.Contains(failed.Trace, "raise KeyError(message)") {
		t.Errorf("%s\n%s", failed.Type, failed.Trace)
	}
	_, err = shop.Wrong()
	raises(t, err, "TypeError", "expected int, got str")
	_, err = shop.Circle()
	raises(t, err, "RuntimeError", "nested too deeply")
	_, err = shop.Nested(100)
	if err != nil {
		t.Error(err)
	}
	_, err = shop.SameAny(struct{ A int }{1})
	if err == nil || !strings.Contains(err.Error(), "no form in Python") {
		t.Error(err)
	}
	gives(t, int64(1))(shop.SameInt(1))
}

func TestCallbacks(t *testing.T) {
	double := func(value int64) (int64, error) { return value * 2, nil }
	gives(t, []int64{2, 4})(shop.Each([]int64{1, 2}, double))
	gives(t, []int64{11})(shop.Each([]int64{10}, func(value int64) (int64, error) { return shop.SameInt(value + 1) }))
	gives(t, []shop.Color{shop.ColorRED, shop.ColorBLUE})(shop.EachPoint(2, func(p shop.Point) (shop.Color, error) {
		return []shop.Color{shop.ColorRED, shop.ColorBLUE}[int(p.X)], nil
	}))
	_, err := shop.Each([]int64{1}, func(int64) (int64, error) { return 0, errors.New("not today") })
	raises(t, err, "RuntimeError", "not today")
	_, err = shop.Each([]int64{1}, func(int64) (int64, error) { panic("oh") })
	raises(t, err, "RuntimeError", "panic: oh")
	add, err := shop.Adder(5)
	if err != nil {
		t.Fatal(err)
	}
	gives(t, int64(7))(add(2))
	gives(t, []int64{6})(shop.Each([]int64{1}, add))
	// Python calls from a thread of its own, and Go calls back from there.
	gives(t, int64(42))(shop.Elsewhere(func(value int64) (int64, error) { return shop.SameInt(value * 2) }, 21))
	if left := mochipy.LiveCallbacks(); left != 0 {
		t.Error(left, "callbacks are left")
	}
}

func TestObjects(t *testing.T) {
	before := mochipy.LiveHandles()
	cart, err := shop.CartNew("me")
	if err != nil {
		t.Fatal(err)
	}
	gives(t, int64(2))(shop.CartAddWith(cart, "bread", map[string]any{"count": 2}))
	gives(t, []string{"bread", "bread"})(shop.CartItems(cart))
	if err := shop.CartSetOwner(cart, "you"); err != nil {
		t.Error(err)
	}
	gives(t, "you")(shop.CartOwner(cart))
	_, err = shop.CartAdd(cart, "nothing")
	raises(t, err, "shop.OutOfStockError", "no nothing")
	gives(t, any("plain"))(shop.SameAny(mochipy.Of("plain")))
	cart.Release()
	cart.Release()
	gives(t, int64(0))(shop.LiveCarts())
	_, err = shop.CartOwner(cart)
	raises(t, err, "RuntimeError", "released")
	for range 100 {
		if _, err := shop.CartNew("nobody"); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
		if left, _ := shop.LiveCarts(); left == 0 && mochipy.LiveHandles() <= before {
			return
		}
	}
	left, err := shop.LiveCarts()
	t.Error(left, err, mochipy.LiveHandles(), before)
}

func TestStreams(t *testing.T) {
	gives(t, []int64{1, 2, 3})(shop.CountTo(3))
	numbers, err := shop.CountToIter(3)
	if err != nil {
		t.Fatal(err)
	}
	first, err := shop.IntIteratorNext(numbers)
	if err != nil || *first != 1 {
		t.Error(first, err)
	}
	gives(t, []int64{2, 3})(shop.IntIteratorRest(numbers))
	gives(t, int64(3))(shop.LaterSync(3))
	ticks, err := shop.Ticks(3)
	if err != nil {
		t.Fatal(err)
	}
	var seen []int64
	for value, err := range ticks.All() {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, value)
	}
	if !reflect.DeepEqual(seen, []int64{1, 2, 3}) {
		t.Error(seen)
	}
}

func TestGoroutines(t *testing.T) {
	var all sync.WaitGroup
	for number := range int64(200) {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range int64(200) {
				gives(t, number*i)(shop.SameInt(number * i))
				gives(t, fmt.Sprint(number, i))(shop.SameString(fmt.Sprint(number, i)))
				if i%20 == 0 {
					gives(t, []int64{number + 1})(shop.Each([]int64{number}, func(v int64) (int64, error) { return shop.SameInt(v + 1) }))
					gives(t, number)(shop.LaterSync(number))
					_, err := shop.Fails("x")
					raises(t, err, "LookupError", "no x")
					cart, err := shop.CartNew("me")
					if err != nil {
						t.Error(err)
					}
					gives(t, int64(1))(shop.CartAdd(cart, "a"))
					cart.Release()
				}
			}
		}()
	}
	all.Wait()
	gives(t, int64(0))(shop.LiveCarts())
}

func TestSignalsStayTheHosts(t *testing.T) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt)
	defer signal.Stop(caught)
	own, _ := os.FindProcess(os.Getpid())
	if err := own.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-caught:
	case <-time.After(10 * time.Second):
		t.Error("the interrupt did not come")
	}
	gives(t, int64(1))(shop.SameInt(1))
}

func memory(t *testing.T) int {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var whole, resident int
	fmt.Sscan(string(data), &whole, &resident)
	return resident * os.Getpagesize()
}

func TestNothingLeaks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	round := func(count int) {
		for i := range count {
			gives(t, int64(i))(shop.SameInt(int64(i)))
			if i%10 == 0 {
				gives(t, []int64{2})(shop.Each([]int64{1}, func(v int64) (int64, error) { return v + 1, nil }))
				shop.Fails("x")
				cart, _ := shop.CartNew("me")
				cart.Release()
			}
		}
		runtime.GC()
	}
	round(100_000)
	before := memory(t)
	round(1_000_000)
	if grown := memory(t) - before; grown > 4<<20 {
		t.Errorf("%d kB more after a million calls", grown>>10)
	}
}
