package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/internal/testcam/hostile"
	"github.com/framegate/framegate/tools/endure/check"
)

// Addresses of those who are hostile. Others are at 127.0.0.1.
const (
	hostileCameraAddress = "127.0.0.66"
	hostileClientAddress = "127.0.0.99"
)

// hostileClientCount is how many hostile clients there are at a time.
const hostileClientCount = 4

// hostileSchemes are those over which the hostile camera is read, each as a separate camera.
var hostileSchemes = []string{"rtsp", "http"}

// hostileID is the id of the hostile camera over a scheme.
func hostileID(scheme string) string { return "hostile-" + scheme }

// turnHostile makes the hostile camera change its kind now and then, until the end.
func (r *run) turnHostile(ctx context.Context, scheme string, number uint64, end time.Time) error {
	random := rand.New(rand.NewPCG(r.Seed, 600+number))
	kinds := hostile.Kinds(scheme)
	for {
		kind := kinds[random.IntN(len(kinds))]
		fmt.Fprintf(os.Stderr, "%8.1fs %s: %s\n", time.Since(r.began).Seconds(), hostileID(scheme), kind.Name)
		r.hostile.Become(scheme, kind)
		r.hostileKinds.add(scheme + ": " + kind.Name)
		sleep(ctx, time.Duration((3+9*random.Float64())*float64(time.Second)))
		if ctx.Err() != nil || time.Now().After(end) {
			return nil
		}
	}
}

// hostileClients are clients of one address that want to harm framegate or its other clients.
type hostileClients struct {
	address string   // of framegate, host:port
	cameras []string // that work
	checker *check.Checker
	dialer  net.Dialer
	client  *http.Client
	done    counter // what was done, by name
}

func newHostileClients(address string, cameras []string, checker *check.Checker) *hostileClients {
	h := &hostileClients{address: address, cameras: cameras, checker: checker, dialer: net.Dialer{
		LocalAddr: &net.TCPAddr{IP: net.ParseIP(hostileClientAddress)}, Timeout: time.Minute,
	}}
	h.client = &http.Client{Transport: &http.Transport{DialContext: h.dialer.DialContext, DisableKeepAlives: true}, Timeout: time.Minute}
	return h
}

// attack is something that a hostile client does for some seconds.
type attack struct {
	name string
	do   func(*hostileClients, context.Context, *rand.Rand)
}

var attacks = []attack{
	{"unfinished heads", func(h *hostileClients, ctx context.Context, _ *rand.Rand) {
		h.hold(ctx, 100, "GET / HTTP/1.1\r\nHost: x\r\n"+strings.Repeat("X-Header: a\r\n", 1000))
	}},
	{"bodies that never come", func(h *hostileClients, ctx context.Context, _ *rand.Rand) {
		h.hold(ctx, 100, "POST /api/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{")
	}},
	{"connection flood", func(h *hostileClients, ctx context.Context, _ *rand.Rand) { h.hold(ctx, 400, "") }},
	{"streams that nobody reads", func(h *hostileClients, ctx context.Context, random *rand.Rand) {
		h.hold(ctx, 30, fmt.Sprintf("GET /cameras/%s/stream HTTP/1.1\r\nHost: x\r\n\r\n", h.any(random)))
	}},
	{"HEAD storm", func(h *hostileClients, ctx context.Context, random *rand.Rand) {
		for i := range 200 {
			h.ask(ctx, http.MethodHead, fmt.Sprintf("/cameras/%s/stream?width=%d", h.any(random), 100+2*i), "", 0)
		}
	}},
	{"enlarged pictures", func(h *hostileClients, ctx context.Context, random *rand.Rand) {
		h.openAll(ctx, func(i int) string {
			return fmt.Sprintf("/cameras/%s/stream?width=%d&upscale=1&quality=100&rotate=90", h.any(random), 2560-64*i)
		})
	}},
	{"many renditions", func(h *hostileClients, ctx context.Context, random *rand.Rand) {
		camera := h.any(random)
		h.openAll(ctx, func(i int) string {
			return fmt.Sprintf("/cameras/%s/stream?width=%d&quality=%d", camera, 100+8*i, 5+5*i)
		})
	}},
	{"large snapshots", func(h *hostileClients, ctx context.Context, random *rand.Rand) {
		h.openAll(ctx, func(i int) string {
			return fmt.Sprintf("/cameras/%s/snapshot.png?width=%d&upscale=1&max_age=0", h.any(random), 2560-2*i)
		})
	}},
	{"forged hosts", func(h *hostileClients, ctx context.Context, random *rand.Rand) {
		for range 50 {
			path := "/cameras/" + h.any(random) + "/snapshot.jpg"
			h.ask(ctx, http.MethodGet, path, "evil.example", http.StatusMisdirectedRequest)
		}
	}},
	{"long queries", func(h *hostileClients, ctx context.Context, random *rand.Rand) {
		for _, size := range []int{1 << 10, 8 << 10, 14 << 10, 64 << 10} {
			h.ask(ctx, http.MethodGet, "/cameras/"+h.any(random)+"/stream?fps="+strings.Repeat("9", size), "", 0)
			h.ask(ctx, http.MethodGet, "/cameras/"+strings.Repeat("a", size), "", 0)
		}
	}},
	{"many ranges", func(h *hostileClients, ctx context.Context, _ *rand.Rand) {
		h.hold(ctx, 10, "GET /static/cameras.js HTTP/1.1\r\nHost: x\r\nRange: bytes="+strings.Repeat("0-,", 2000)+"0-\r\n\r\n")
	}},
	{"noise", func(h *hostileClients, ctx context.Context, random *rand.Rand) {
		noise := make([]byte, 4096)
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		h.hold(ctx, 50, string(noise))
	}},
	{"views of the hostile camera", func(h *hostileClients, ctx context.Context, random *rand.Rand) {
		h.openAll(ctx, func(i int) string {
			views := []string{"/stream", "/snapshot.jpg", "/stream?width=64", "/snapshot.png?scale=1"}
			return "/cameras/" + hostileID(hostileSchemes[i%len(hostileSchemes)]) + views[random.IntN(len(views))]
		})
	}},
}

// run keeps n clients until ctx is done.
func (h *hostileClients) run(ctx context.Context, n int, seed uint64) {
	var attacking sync.WaitGroup
	for i := range n {
		attacking.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(2000+i)))
			for ctx.Err() == nil {
				a := attacks[random.IntN(len(attacks))]
				h.done.add(a.name)
				limited, cancel := context.WithTimeout(ctx, time.Duration((2+10*random.Float64())*float64(time.Second)))
				a.do(h, limited, random)
				cancel()
				sleep(ctx, 200*time.Millisecond)
			}
		})
	}
	attacking.Wait()
	h.client.CloseIdleConnections()
}

// any is the name of a camera that works.
func (h *hostileClients) any(random *rand.Rand) string { return h.cameras[random.IntN(len(h.cameras))] }

// hold opens n connections, sends a text over each, and reads nothing until ctx is done.
func (h *hostileClients) hold(ctx context.Context, n int, text string) {
	for range n {
		conn, err := h.dialer.DialContext(ctx, "tcp", h.address)
		if err != nil {
			break
		}
		defer conn.Close()
		conn.SetWriteDeadline(time.Now().Add(time.Second))
		io.WriteString(conn, text)
	}
	<-ctx.Done()
}

// openAll requests what path returns for 0, 1 and so on, all at once, and reads the answers until ctx is done.
func (h *hostileClients) openAll(ctx context.Context, path func(i int) string) {
	var open sync.WaitGroup
	for i := range 16 {
		address := path(i)
		open.Go(func() { h.ask(ctx, http.MethodGet, address, "", 0) })
	}
	open.Wait()
}

// ask sends a request and reads the answer, whose status must be that which is given, unless that is 0.
func (h *hostileClients) ask(ctx context.Context, method, path, host string, status int) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+h.address+path, nil)
	if err != nil {
		return
	}
	req.Host = host
	resp, err := h.client.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusInternalServerError, status != 0 && resp.StatusCode != status && !isBusy(resp.StatusCode):
		h.checker.Report("", time.Now(), "%s %.100s for the host %q is answered with %s", method, path, host, resp.Status)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return // it was cut off
	}
}

// isBusy reports whether a status says that there is too much of something.
func isBusy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}
