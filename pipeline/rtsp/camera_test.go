package rtsp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// request is a request that a camera got.
type request struct {
	method, url string
	header      textproto.MIMEHeader
}

// camera is a scripted RTSP camera.
type camera struct {
	t       testing.TB
	address string
	sdp     string
	// on replaces the answers to methods.
	on map[string]func(c *client, r request)
	// play sends the packets of a client, after PLAY.
	play func(c *client)

	mu   sync.Mutex // guards got
	got  []request
	more chan struct{} // gets a value with each request
}

// client is a connection to a camera.
type client struct {
	*camera
	conn net.Conn
	udp  [2]int // its ports, after SETUP over UDP

	challenged bool // as a test wants
}

const simpleSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=cam\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n" +
	"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"

// newCamera starts a camera. change may replace its answers.
func newCamera(t testing.TB, change func(*camera)) *camera {
	return newCameraOn(t, "127.0.0.1:0", change)
}

func newCameraOn(t testing.TB, address string, change func(*camera)) *camera {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	c := &camera{t: t, address: listener.Addr().String(), sdp: simpleSDP, on: map[string]func(*client, request){}, more: make(chan struct{}, 1000)}
	c.play = func(c *client) { c.sendPackets(0, 10) }
	if change != nil {
		change(c)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go (&client{camera: c, conn: conn}).serve()
		}
	}()
	return c
}

func (c *camera) url() *url.URL {
	u, err := url.Parse("rtsp://" + c.address + "/live")
	if err != nil {
		c.t.Fatal(err)
	}
	return u
}

// requests lists what the camera got of a method.
func (c *camera) requests(method string) (all []request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.got {
		if r.method == method {
			all = append(all, r)
		}
	}
	return all
}

// until waits until the camera has got so many requests of a method.
func (c *camera) until(method string, n int) {
	c.t.Helper()
	limit := time.After(patience)
	for len(c.requests(method)) < n {
		select {
		case <-c.more:
		case <-limit:
			c.t.Fatalf("%d of %d %s came", len(c.requests(method)), n, method)
		}
	}
}

func (c *client) serve() {
	defer c.conn.Close()
	r := textproto.NewReader(bufio.NewReader(c.conn))
	for {
		if ahead, err := r.R.Peek(1); err == nil && ahead[0] == '$' { // a report
			head, _ := r.R.Peek(4)
			io.CopyN(io.Discard, r.R, 4+int64(head[2])<<8+int64(head[3]))
			continue
		}
		first, err := r.ReadLine()
		if err != nil {
			return
		}
		words := strings.Fields(first)
		header, err := r.ReadMIMEHeader()
		if err != nil || len(words) != 3 {
			return
		}
		got := request{words[0], words[1], header}
		c.mu.Lock()
		c.got = append(c.got, got)
		c.mu.Unlock()
		c.more <- struct{}{}
		if answer := c.on[got.method]; answer != nil {
			answer(c, got)
		} else {
			c.answer(got)
		}
	}
}

// answer answers as the standard has it.
func (c *client) answer(r request) {
	switch r.method {
	case "OPTIONS":
		c.reply(r, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
	case "DESCRIBE":
		c.describe(r)
	case "SETUP":
		c.udp = clientPorts(r)
		c.reply(r, "200 OK", "Session: 12345678;timeout=60", "Transport: "+r.header.Get("Transport"))
	case "PLAY":
		c.reply(r, "200 OK", "Session: 12345678")
		go c.play(c)
	default:
		c.reply(r, "200 OK")
	}
}

// clientPorts are the ports of a SETUP over UDP; 0 over TCP.
func clientPorts(r request) (ports [2]int) {
	if _, pair, ok := strings.Cut(r.header.Get("Transport"), "client_port="); ok {
		fmt.Sscanf(pair, "%d-%d", &ports[0], &ports[1])
	}
	return ports
}

func (c *client) describe(r request, headers ...string) {
	text := c.sdp
	headers = append(headers, "Content-Type: application/sdp", fmt.Sprintf("Content-Length: %d", len(text)))
	c.write(c.head(r, "200 OK", headers...) + text)
}

func (c *client) head(r request, status string, headers ...string) string {
	text := fmt.Sprintf("RTSP/1.0 %s\r\nCSeq: %s\r\n", status, r.header.Get("CSeq"))
	for _, h := range headers {
		text += h + "\r\n"
	}
	return text + "\r\n"
}

func (c *client) reply(r request, status string, headers ...string) {
	c.write(c.head(r, status, headers...))
}

func (c *client) write(text string) { io.WriteString(c.conn, text) }

// writeAndClose writes and closes the connection so that a client sees both at once.
func (c *client) writeAndClose(text string) {
	raw, err := c.conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		c.t.Error(err)
		return
	}
	raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_CORK, 1) })
	c.write(text)
	c.conn.Close()
}

// packet is an RTP packet of type 96 with a number.
func packet(number int) []byte {
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: uint16(number), Timestamp: 3600 * uint32(number), SSRC: 1}, Payload: []byte{1, 2, 3}}
	data, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	return data
}

// framed is a packet as it stands between messages.
func framed(channel byte, data []byte) string {
	return string([]byte{'$', channel, byte(len(data) >> 8), byte(len(data))}) + string(data)
}

// sendPackets sends packets over TCP.
func (c *client) sendPackets(from, to int) {
	for n := from; n < to; n++ {
		c.write(framed(0, packet(n)))
	}
}

// collector is a Receiver that notes what it gets.
type collector struct {
	numbers chan int
	unsure  bool // a unit may be complete
	flushed chan struct{}
}

func newCollector() *collector {
	return &collector{numbers: make(chan int, 10000), flushed: make(chan struct{}, 100)}
}

func (c *collector) Packet(p *rtp.Packet, _ time.Time) { c.numbers <- int(p.SequenceNumber) }
func (c *collector) State() (bool, bool)               { return c.unsure, c.unsure }
func (c *collector) Flush() {
	c.unsure = false
	c.flushed <- struct{}{}
}

// take waits for n packets.
func (c *collector) take(t testing.TB, n int) (all []int) {
	t.Helper()
	limit := time.After(patience)
	for len(all) < n {
		select {
		case number := <-c.numbers:
			all = append(all, number)
		case <-limit:
			t.Fatalf("%d of %d packets came: %v", len(all), n, all)
		}
	}
	return all
}

// reading is a Read that runs until the test ends.
type reading struct {
	*collector
	track Track
	odd   []string
	done  chan error
	over  chan struct{} // closed when Read has returned
	stop  context.CancelFunc
}

// start begins to read a camera.
func start(t testing.TB, c Config) *reading {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &reading{collector: newCollector(), done: make(chan error, 1), over: make(chan struct{}), stop: stop}
	if c.Timeout == 0 {
		c.Timeout = patience
	}
	if c.Knows == nil {
		c.Knows = func(encoding string) bool { return encoding == "H264" }
	}
	if c.Open == nil {
		c.Open = func(track Track) (Receiver, error) { r.track = track; return r.collector, nil }
	}
	c.DefaultPort = func(string) string { return "554" }
	c.Alive = func(time.Time) {}
	c.Wait = func(context.Context, bool) {}
	c.Odd = func(text string) { r.odd = append(r.odd, text) }
	go func() {
		defer close(r.over)
		r.done <- Read(ctx, c)
	}()
	t.Cleanup(func() {
		stop()
		select {
		case <-r.over:
		case <-time.After(patience):
			t.Error("Read does not end")
		}
	})
	return r
}

// end waits for the end of Read.
func (r *reading) end(t testing.TB) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(patience):
		t.Fatal("Read does not end")
		return nil
	}
}

// works checks that all ten packets of a camera arrive in their order, and that the session is closed.
func (r *reading) works(t testing.TB, c *camera) {
	t.Helper()
	want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	if got := r.take(t, len(want)); !slices.Equal(got, want) {
		t.Errorf("packets %v", got)
	}
	r.stop()
	if err := r.end(t); !errors.Is(err, context.Canceled) {
		t.Errorf("Read returned %v", err)
	}
	c.until("TEARDOWN", 1)
}
