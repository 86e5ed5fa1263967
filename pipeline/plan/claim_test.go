package plan

import (
	"strings"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

// limited is a machine whose process may take 1000 bytes and takes some, and a function that makes claims of decoders in software.
func limited(taken int64) (m *Machine, claim func() *Claim) {
	m = &Machine{}
	m.Memory = func(int64) (int64, int64) { return 1000, taken }
	return m, func() *Claim {
		f, software := newFallback(m)
		return f.Claim(software)
	}
}

func TestLargeDecoderBeginsOnlyIfItsMemoryIsLeft(t *testing.T) {
	_, claim := limited(300)
	first, second, third := claim(), claim(), claim()
	if err := first.Grow(400); err != nil {
		t.Fatal(err)
	}
	err := second.Grow(301)
	if frame.ReasonOf(err) != frame.Memory || !strings.Contains(err.Error(), "more than max_memory leaves") {
		t.Errorf("the second: %v", err)
	}
	if err := second.Grow(300); err != nil {
		t.Errorf("the second fits: %v", err)
	}
	if err := third.Grow(125); err == nil {
		t.Error("the third begins though the others will take all")
	}
	first.End()
	if err := third.Grow(125); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
}

func TestMemoryThatADecoderHasTakenIsNotCountedTwice(t *testing.T) {
	taken := int64(100)
	m := &Machine{}
	m.Memory = func(int64) (int64, int64) { return 1000, taken }
	f, software := newFallback(m)
	first, second := f.Claim(software), f.Claim(software)
	first.Grow(400)
	taken += 400
	if second.Grow(400) == nil {
		t.Error("the second begins before it is known what the first takes")
	}
	first.Decoded(0)
	first.Decoded(maxKept)
	if second.Grow(400) == nil {
		t.Error("the second begins before the first has given enough pictures")
	}
	first.Decoded(maxKept + 1)
	if err := second.Grow(400); err != nil {
		t.Error(err)
	}
	first.End()
	second.End()
	if m.claimed != 0 {
		t.Errorf("%d bytes are left", m.claimed)
	}
}

func TestDecoderThatGrowsAfterManyPicturesHasNotTakenItsMemoryYet(t *testing.T) {
	m, claim := limited(0)
	c := claim()
	c.Grow(200)
	c.Decoded(0)
	c.Decoded(1000)
	if m.claimed != 0 {
		t.Fatalf("%d bytes are counted", m.claimed)
	}
	c.Grow(500)
	if c.Decoded(1001); m.claimed != 300 {
		t.Errorf("%d bytes are counted of 300 that it will take", m.claimed)
	}
	if c.Decoded(1002 + maxKept); m.claimed != 0 {
		t.Errorf("%d bytes are counted after more pictures", m.claimed)
	}
}

func TestDecoderThatIsAskedForMoreLaterIsRefused(t *testing.T) {
	m, claim := limited(300)
	c := claim()
	if err := c.Grow(200); err != nil {
		t.Fatal(err)
	}
	if err := c.Grow(150); err != nil || m.claimed != 200 {
		t.Errorf("for less: %v, %d", err, m.claimed)
	}
	if c.Grow(701) == nil || m.claimed != 200 {
		t.Error("it grows beyond what is left")
	}
	if err := c.Grow(700); err != nil {
		t.Error(err)
	}
	c.End()
	if err := c.Grow(5000); err != nil || m.claimed != 0 {
		t.Errorf("after its end: %v, %d", err, m.claimed)
	}
}

func TestSmallDecodersAndThoseOfDevicesAlwaysBegin(t *testing.T) {
	m, claim := limited(999)
	if err := claim().Grow(1000/largeShare - 1); err != nil || m.claimed != 0 {
		t.Errorf("%v, %d", err, m.claimed)
	}
	f, _ := newFallback(m)
	if err := f.Claim(Candidate{Plan: Plan{platform: platforms[0]}}).Grow(5000); err != nil {
		t.Error(err)
	}
	m.Memory = func(int64) (int64, int64) { return 0, 5000 }
	if err := claim().Grow(5000); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}

// TestUnitsAreNotMeasuredOneByOne counts how often the memory of the process is asked for.
func TestUnitsAreNotMeasuredOneByOne(t *testing.T) {
	asked := 0
	m := &Machine{Memory: func(int64) (int64, int64) { asked++; return 1000, 0 }}
	f, software := newFallback(m)
	for _, held := range []int64{100, 500} {
		c := f.Claim(software)
		for range 100 {
			c.Grow(held)
		}
	}
	if asked != 2 {
		t.Errorf("%d times", asked)
	}
}
