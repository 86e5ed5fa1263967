package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"golang.org/x/sys/unix"
)

// TestProcessWithoutDescriptorsGoesOn takes all descriptors but a few from a process that is asked for pictures, which need some.
func TestProcessWithoutDescriptorsGoesOn(t *testing.T) {
	camtest.Long(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180, KeyframeInterval: 5})
	const most = 24 // descriptors that are left
	list := "cameras:\n"
	for id := range most + 1 { // a camera for each attempt, since none is tried again at once
		list += fmt.Sprintf("  - {id: c%d, url: %q, connect: on_demand}\n", id, cameras.URL("cam1"))
	}
	p := start(t, "--config", config(t, list))
	var before unix.Rlimit
	if err := unix.Prlimit(p.PID(), unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	for left := range most {
		few := unix.Rlimit{Cur: uint64(beyond(t, p.PID(), left)), Max: before.Max}
		if err := unix.Prlimit(p.PID(), unix.RLIMIT_NOFILE, &few, nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/cameras/c%d/stream", p.URL, left), nil)
		if resp, err := http.DefaultClient.Do(request); err == nil { // whatever it is
			io.CopyN(io.Discard, resp.Body, 1000)
			resp.Body.Close()
		}
		cancel()
		if err := unix.Prlimit(p.PID(), unix.RLIMIT_NOFILE, &before, nil); err != nil {
			t.Fatalf("with %d descriptors left it has ended: %v\n%s", left, err, p.Log())
		}
	}
	if log := p.Log(); !strings.Contains(log, "too few file descriptors") {
		t.Errorf("there were enough:\n%s", log)
	}
	v := p.watch(t, fmt.Sprintf("/cameras/c%d/stream", most))
	if _, err := v.Next(); err != nil {
		t.Error(err)
	}
}

// beyond returns the limit on the descriptors of a process with which it may open some more.
func beyond(t *testing.T, pid, more int) (limit int) {
	t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]bool{}
	for _, entry := range all {
		taken[entry.Name()] = true
	}
	for ; ; limit++ {
		if taken[strconv.Itoa(limit)] {
			continue
		}
		if more == 0 {
			return limit
		}
		more--
	}
}
