package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/viewer"
)

// endsWell ends framegate by a signal. It must exit within 5 s with status 0, its viewers' streams must end after a whole picture,
// and the camera, to which it has one connection, must get TEARDOWN.
func (s serving) endsWell(t *testing.T, by os.Signal, cameras *testcam.Server, camera string, viewers ...*viewer.Stream) {
	t.Helper()
	began := time.Now()
	s.Signal(by)
	for _, v := range viewers {
		var err error
		for err == nil {
			_, err = v.Next()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("a viewer ends with %v, not at the end of a part", err)
		}
	}
	if status := s.Wait(); status != 0 {
		t.Errorf("framegate ends with status %d", status)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the shutdown took %v", took)
	}
	camtest.Until(t, "the camera has no viewer", func() bool { return cameras.Viewers(camera) == 0 })
	if n := cameras.TornDown(camera); n != 1 {
		t.Errorf("the camera got TEARDOWN %d times", n)
	}
}

func TestShutdownEndsViewersAndTearsTheCameraDown(t *testing.T) {
	for _, by := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(by.String(), func(t *testing.T) {
			cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 240, KeyframeInterval: 5})
			p := start(t, "--config", config(t, "cameras: [{id: gate, url: '"+cameras.URL("cam1")+"'}]"))
			p.until(t, "gate", "ready")
			s, err := viewer.Open(t.Context(), p.URL+"/cameras/gate/stream")
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Next(); err != nil {
				t.Fatal(err)
			}
			p.endsWell(t, by, cameras, "cam1", s)
		})
	}
}

func TestShutdownDoesNotWaitForAViewerThatReadsNothing(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 1280, Height: 720})
	p := start(t, "--config", config(t, "cameras: [{id: gate, scale: 1, quality: 95, url: '"+cameras.URL("cam1")+"'}]"))
	p.until(t, "gate", "ready")
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /cameras/gate/stream HTTP/1.1\r\nHost: framegate\r\n\r\n")
	last, same := "", 0
	camtest.Until(t, "framegate waits for the viewer to read", func() bool {
		queued := unsent(t, conn)
		if same++; queued != last || queued == "00000000" {
			last, same = queued, 0
		}
		return same > 40 // 200 ms, the time of five pictures
	})
	p.endsWell(t, syscall.SIGTERM, cameras, "cam1")
}

// unsent returns how many bytes the other end of an IPv4 connection on this machine has yet to send, in Linux's notation.
func unsent(t *testing.T, conn net.Conn) string {
	t.Helper()
	table, err := os.Open("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	want := hexAddress(conn.RemoteAddr()) + " " + hexAddress(conn.LocalAddr())
	for lines := bufio.NewScanner(table); lines.Scan(); {
		fields := strings.Fields(lines.Text()) // number, local, remote, state, tx_queue:rx_queue
		if fields[1]+" "+fields[2] == want {
			queued, _, _ := strings.Cut(fields[4], ":")
			return queued
		}
	}
	return ""
}

func hexAddress(a net.Addr) string {
	at := netip.MustParseAddrPort(a.String())
	ip := at.Addr().As4()
	return fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], at.Port())
}
