// Package live sends a client the pictures and the states of any number of cameras over one WebSocket.
// docs/live.md describes the messages.
package live

import (
	"context"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"

	"github.com/coder/websocket"
)

// Client is the other end of a connection. Any goroutine may call its functions.
type Client struct {
	// Sees reports whether the client may know of a camera.
	Sees func(id string) bool
	// Visible returns what the client may know of a camera, a value for encoding/json.
	Visible func(registry.Status) any
	// Watch lets the client watch a camera with the query of a stream until ctx is done. It waits for the first frame. release must be
	// called after the view is closed.
	Watch func(ctx context.Context, camera, query string) (view *registry.View, release func(), err error)
	// Values returns what else the client may know. It returns the same pointer as long as nothing has changed. One goroutine at a time calls
	// it, often. It may be nil.
	Values func() *Values
	// Problem describes an error of Watch or of the view, as the answer to a refused request does. It is a value for encoding/json.
	Problem func(camera string, err error) any
	// Last returns the picture to send after the one that was shown if an error of Watch or of the view means that the right to watch has
	// ended, and nil otherwise.
	Last func(camera string, shown *frame.Frame, err error) *frame.Frame
}

// Values has values for encoding/json by the names of the messages that carry them. A client is sent each of them first and whenever it
// changes, and null when the client may not know it any more. It is not changed after it is made.
type Values map[string]any

// Server has all connections. Any goroutine may call its methods.
type Server struct {
	cameras func() []registry.Status

	known  chan struct{} // closed when the states are known
	mu     sync.Mutex    // guards the fields below
	closed bool
	ends   map[*connection]context.CancelFunc
	ended  sync.WaitGroup // the connections
	states states         // of the cameras
	asked  time.Time      // when the states were last asked for; zero for never
	asking bool           // they are being asked for
}

// New returns a Server of the cameras that the function lists. The list is in the order in which clients show it.
func New(cameras func() []registry.Status) *Server {
	return &Server{cameras: cameras, known: make(chan struct{}), ends: map[*connection]context.CancelFunc{}}
}

// Serve serves a connection until it ends, ctx is done or the server is closed. If ctx is done, the client is sent its cause.
func (s *Server) Serve(ctx context.Context, socket *websocket.Conn, client Client) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := newConnection(s, socket, client)
	if !s.enter(c, cancel) {
		socket.Close(websocket.StatusGoingAway, closing)
		return
	}
	defer s.leave(c)
	c.run(ctx)
}

// closing is sent as the reason when the server is closed.
const closing = "framegate is shutting down"

func (s *Server) enter(c *connection, end context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.ends[c] = end
	s.ended.Add(1)
	return true
}

func (s *Server) leave(c *connection) {
	s.mu.Lock()
	delete(s.ends, c)
	s.mu.Unlock()
	s.ended.Done()
}

// Close ends all connections and waits until they have ended. Later ones are refused.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for _, end := range s.ends {
		end()
	}
	s.mu.Unlock()
	s.ended.Wait()
}

// statePeriod is how often the cameras' states are compared with those that clients have been sent.
const statePeriod = 250 * time.Millisecond

// now returns the cameras' states, which all connections share. One of them reads the states when they are statePeriod old; meanwhile the
// others get those from before.
func (s *Server) now() states {
	s.mu.Lock()
	at := time.Now()
	read := !s.asking && at.Sub(s.asked) > statePeriod*9/10
	if read {
		s.asking, s.asked = true, at
	}
	before := s.states
	s.mu.Unlock()
	if read {
		s.read(before)
	}
	<-s.known
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states
}

// read reads the states that follow others. One goroutine at a time calls it.
func (s *Server) read(before states) {
	now := before.next(s.cameras())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states, s.asking = now, false
	select {
	case <-s.known:
	default:
		close(s.known)
	}
}
