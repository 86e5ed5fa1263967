package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	// maxTiles is how many tiles a connection may have open.
	maxTiles = 256
	// maxUnderWay is how many pictures of a tile may be under way: one that the connection carries while the client shows another.
	maxUnderWay = 2
	// maxTexts is how many messages that are not pictures may wait for a client.
	maxTexts = 1024
	// maxWatching is how many goroutines of tiles a connection may have. A tile has two while another view is about to take over, and
	// for a moment those of views that were given up. Until there is room, the client's messages are not read.
	maxWatching = 3 * maxTiles

	writeTimeout  = 10 * time.Second // for one message
	endTimeout    = 2 * time.Second  // for the client to take in that the connection ends
	lastTimeout   = time.Second      // of that, for the last pictures
	pingPeriod    = 20 * time.Second // between two pings, which also keep proxies from ending the connection
	pongTimeout   = 10 * time.Second
	figuresPeriod = 2 * time.Second
	timePeriod    = 2 * time.Second // between two messages with the time
)

// connection is one WebSocket. Each tile has a goroutine that waits for its next picture; one goroutine reads the client's messages, and
// one writes all that the client gets.
type connection struct {
	server   *Server
	socket   *websocket.Conn
	client   Client
	end      context.CancelCauseFunc // ends the connection
	watching sync.WaitGroup          // the goroutines of tiles
	places   chan struct{}           // has an element for each of them
	wake     chan struct{}           // has one element when there may be something to write

	mu       sync.Mutex // guards the fields below, and those of tiles
	tiles    map[uint32]*tile
	ready    []*tile // which have a picture to send, in turn
	texts    []any   // to be encoded and sent, and each lastPicture
	underWay int     // pictures that are sent and not shown
	pace     pace
	figures  []string // cameras whose figures the client wants
}

func newConnection(s *Server, socket *websocket.Conn, client Client) *connection {
	socket.SetReadLimit(maxRequest)
	return &connection{
		server: s, socket: socket, client: client,
		places: make(chan struct{}, maxWatching), wake: make(chan struct{}, 1), tiles: map[uint32]*tile{},
	}
}

// run serves the connection until either side ends it.
func (c *connection) run(ctx context.Context) {
	inner, end := context.WithCancelCause(ctx)
	c.end = end
	defer c.watching.Wait()
	defer end(nil)
	late, hangUp := context.WithCancel(context.WithoutCancel(ctx)) // CloseNow would wait for Close, which may take 10 s
	defer hangUp()
	context.AfterFunc(inner, func() { time.AfterFunc(endTimeout, hangUp) })
	var helpers sync.WaitGroup
	helpers.Go(func() { end(c.read(inner, late)) })
	helpers.Go(func() { end(c.keepAlive(inner)) })
	end(c.write(inner))
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.Canceled) { // the right to all has ended
		c.sendLast(late)
	}
	status, why := websocket.StatusInternalError, ""
	var refused *refusal
	switch cause := context.Cause(inner); {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled):
		status, why = websocket.StatusGoingAway, closing
	case ctx.Err() != nil:
		status, why = websocket.StatusPolicyViolation, context.Cause(ctx).Error()
	case errors.As(cause, &refused):
		status, why = websocket.StatusPolicyViolation, refused.Error()
	}
	c.socket.Close(status, shorten(why))
	helpers.Wait()
}

// refusal is why a message of the client ends the connection.
type refusal struct{ error }

// shorten makes a text fit into the message that closes a WebSocket, which may have 123 bytes of it.
func shorten(text string) string {
	const most = 120
	if len(text) <= most {
		return text
	}
	end := most
	for end > 0 && text[end]&0xc0 == 0x80 { // within a character
		end--
	}
	return text[:end] + "…"
}

// keepAlive pings the client until it does not answer.
func (c *connection) keepAlive(ctx context.Context) error {
	tick := time.NewTicker(pingPeriod)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		soon, cancel := context.WithTimeout(ctx, pongTimeout)
		err := c.socket.Ping(soon)
		cancel()
		if err != nil {
			return err
		}
	}
}

// read carries out the client's requests until ctx is done, and reads on until the socket is closed, or until late is done, which closes it.
func (c *connection) read(ctx, late context.Context) error {
	for {
		kind, text, err := c.socket.Read(late)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			continue // the client has not taken in yet that the connection ends
		}
		if err := c.take(ctx, kind, text); err != nil {
			c.end(&refusal{err})
		}
	}
}

// take carries out a message of the client. The error says what is wrong with it.
func (c *connection) take(ctx context.Context, kind websocket.MessageType, text []byte) error {
	if kind != websocket.MessageText {
		return errors.New("messages of the client are text")
	}
	r, err := parse(text)
	if err != nil {
		return err
	}
	if r.Open != nil {
		select {
		case c.places <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
	}
	return c.follow(ctx, r)
}

// follow carries out a request of the client. A request that opens a tile has taken a place.
func (c *connection) follow(ctx context.Context, r request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case r.Open != nil:
		return c.open(ctx, *r.Open)
	case r.Close != nil:
		if t := c.tiles[*r.Close]; t != nil {
			c.drop(t)
		}
	case r.Shown != nil:
		for _, number := range r.Shown {
			if t := c.tiles[number]; t != nil {
				c.shown(t)
			}
		}
	default:
		if len(r.Figures) > maxTiles {
			return fmt.Errorf("figures has %d cameras; at most %d are allowed", len(r.Figures), maxTiles)
		}
		c.figures = r.Figures
	}
	return nil
}

func (c *connection) wakeWriter() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// queueText queues a message that is not a picture, or ends the connection if too many are queued. c.mu is held.
func (c *connection) queueText(message any) {
	if len(c.texts) >= maxTexts {
		c.end(&refusal{fmt.Errorf("%d messages wait to be read", len(c.texts))})
		return
	}
	c.texts = append(c.texts, message)
	c.wakeWriter()
}

// write writes messages to the client until ctx is done or the client does not read them.
func (c *connection) write(ctx context.Context) error {
	sent := newSentStates(c.client)
	tick := time.NewTicker(statePeriod)
	defer tick.Stop()
	var buffer []byte
	for {
		for _, message := range sent.update(c.server.now(), c.wanted()) {
			if err := c.send(ctx, message); err != nil {
				return err
			}
		}
		for compare := false; !compare; {
			text, kind, err := c.next(&buffer)
			switch {
			case err != nil:
				return err
			case text == nil:
				select {
				case <-c.wake:
				case <-tick.C:
					compare = true
				case <-ctx.Done():
					return ctx.Err()
				}
			default:
				if err := c.put(ctx, kind, text); err != nil {
					return err
				}
				select {
				case <-tick.C:
					compare = true
				case <-ctx.Done(): // the pictures that wait are not sent
					return ctx.Err()
				default:
				}
			}
		}
	}
}

// wanted returns the cameras whose figures the client wants.
func (c *connection) wanted() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.figures
}

// next returns the next message to write, or nil if there is none yet. A picture is put into the buffer.
func (c *connection) next(buffer *[]byte) (message []byte, kind websocket.MessageType, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.texts) > 0 {
		first := c.texts[0]
		c.texts = slices.Delete(c.texts, 0, 1)
		if last, ok := first.(lastPicture); ok {
			*buffer = appendPicture((*buffer)[:0], last.tile, last.frame, time.Now())
			return *buffer, websocket.MessageBinary, nil
		}
		text, err := json.Marshal(first)
		return text, websocket.MessageText, err
	}
	if len(c.ready) > 0 && c.pace.allows(c.underWay) {
		t := c.ready[0]
		c.ready = slices.Delete(c.ready, 0, 1)
		t.queued = false
		now := time.Now()
		*buffer = appendPicture((*buffer)[:0], t.number, t.frame, now)
		t.frame = nil
		t.sent = append(t.sent, now)
		c.underWay++
		return *buffer, websocket.MessageBinary, nil
	}
	return nil, 0, nil
}

// sendLast writes the last picture of each tile when all tiles end, for a while or until ctx is done.
func (c *connection) sendLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastTimeout)
	defer cancel()
	var buffer []byte
	for {
		pictures, more := c.takeLast()
		for _, p := range pictures {
			buffer = appendPicture(buffer[:0], p.tile, p.frame, time.Now())
			if c.socket.Write(ctx, websocket.MessageBinary, buffer) != nil {
				return
			}
		}
		if !more {
			return
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
			return
		}
	}
}

// takeLast returns the last pictures that wait to be sent, and whether there are tiles that have not ended.
func (c *connection) takeLast() (pictures []lastPicture, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, message := range c.texts {
		if p, ok := message.(lastPicture); ok {
			pictures = append(pictures, p)
		}
	}
	c.texts = nil
	return pictures, len(c.tiles) > 0
}

// send writes a message that is not a picture.
func (c *connection) send(ctx context.Context, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return c.put(ctx, websocket.MessageText, text)
}

func (c *connection) put(ctx context.Context, kind websocket.MessageType, message []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout) // so that the message is whole
	defer cancel()
	return c.socket.Write(ctx, kind, message)
}
