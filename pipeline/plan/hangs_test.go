package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
)

// newFallback returns a fallback of a machine and its candidate in software.
func newFallback(m *Machine) (*Fallback, Candidate) {
	f := m.NewFallback(configs.Plans{}, func() bool { return true })
	return f, f.Best("h264")
}

func TestCameraWhosePipelinesHangTwiceIsLeftAlone(t *testing.T) {
	var machine Machine
	f, software := newFallback(&machine)
	other, _ := newFallback(&machine)
	never := make(chan struct{})
	defer close(never)
	f.Hung(software, never)
	if err := f.MayBegin(software); err != nil {
		t.Errorf("after the first: %v", err)
	}
	f.Hung(software, never)
	if err := f.MayBegin(software); frame.ReasonOf(err) != frame.Failed || !strings.Contains(err.Error(), "did not end") {
		t.Errorf("after the second: %v", err)
	}
	if err := other.MayBegin(software); err != nil {
		t.Errorf("another camera: %v", err)
	}
}

func TestPipelineThatReturnsSoonDoesNotCount(t *testing.T) {
	var machine Machine
	f, software := newFallback(&machine)
	for range 3 {
		returned := make(chan struct{})
		close(returned)
		f.Hung(software, returned)
	}
	deadline := time.Now().Add(time.Minute)
	for machine.hanging.Load() > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if err := f.MayBegin(software); err != nil {
		t.Error(err)
	}
}

func TestFewPipelinesOfAllCamerasHang(t *testing.T) {
	var machine Machine
	never := make(chan struct{})
	for range maxHangingSoftware {
		f, software := newFallback(&machine)
		if err := f.MayBegin(software); err != nil {
			t.Fatal(err)
		}
		f.Hung(software, never)
	}
	f, software := newFallback(&machine)
	if err := f.MayBegin(software); err == nil || !strings.Contains(err.Error(), "restart framegate") {
		t.Error(err)
	}
	close(never)
	deadline := time.Now().Add(time.Minute)
	for f.MayBegin(software) != nil && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if err := f.MayBegin(software); err != nil {
		t.Error(err)
	}
}
