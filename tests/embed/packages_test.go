package packages_test

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"
	"testing"

	"mochi_python/httpx"
	"mochi_python/mochipy"
	"mochi_python/numpy"
	"mochi_python/tomli"
)

func TestMain(m *testing.M) {
	if err := mochipy.Init(mochipy.Options{Workspace: os.Getenv("WORKSPACE")}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	code := m.Run()
	if mochipy.Shutdown() != nil {
		code = 1
	}
	os.Exit(code)
}

func use(number int64) error {
	table, err := tomli.Loads(fmt.Sprintf("number = %d\nwords = ['a', 'b']", number))
	if want := map[string]any{"number": number, "words": []any{"a", "b"}}; err != nil || !reflect.DeepEqual(table, want) {
		return fmt.Errorf("tomli gave %v, %w", table, err)
	}
	array, err := numpy.ArrayWith([]any{3.0 * float64(number), 4.0 * float64(number)}, map[string]any{"dtype": "float64"})
	if err != nil {
		return err
	}
	defer array.Release()
	sum, err := numpy.NdarraySize(array)
	if err != nil || sum != 2 {
		return fmt.Errorf("numpy gave %v, %w", sum, err)
	}
	url, err := httpx.URLNewWith(map[string]any{"url": fmt.Sprintf("http://host%d/x", number)})
	if err != nil {
		return err
	}
	defer url.Release()
	host, err := httpx.URLHost(url)
	if err != nil || host != fmt.Sprintf("host%d", number) {
		return fmt.Errorf("httpx gave %v, %w", host, err)
	}
	_, err = httpx.URLNewWith(map[string]any{"url": "http://[::"})
	if failed := new(mochipy.PyError); !errors.As(err, &failed) || !failed.IsA("httpx.InvalidURL") {
		return fmt.Errorf("httpx raised %w", err)
	}
	return nil
}

func TestTwoHundredGoroutines(t *testing.T) {
	var all sync.WaitGroup
	for number := range int64(200) {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 5 {
				if err := use(number); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()
}
