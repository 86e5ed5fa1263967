package feed

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

func TestOdditiesAreListedOnceAndCounted(t *testing.T) {
	var o oddities
	o.add("length", "lengths are 7 bytes too long")
	o.add("marker", "pictures lack their end marker")
	o.add("length", "lengths are 9 bytes too long")
	o.add("length", "lengths are 7 bytes too long")
	want := []string{"lengths are 7 bytes too long (3 times)", "pictures lack their end marker"}
	if got := o.list(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	o.reset()
	if got := o.list(); got == nil || len(got) != 0 { // JSON has [], not null
		t.Errorf("%q after a reset", got)
	}
}

func TestOdditiesOfManyGoroutinesAreBounded(t *testing.T) {
	var o oddities
	var all sync.WaitGroup
	for i := range 3 * maxOddities {
		all.Go(func() { o.add(fmt.Sprint(i), "odd"); o.list() })
	}
	all.Wait()
	if got := len(o.list()); got != maxOddities {
		t.Errorf("%d oddities", got)
	}
}
