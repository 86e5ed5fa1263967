package live

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framegate/framegate/registry"

	"github.com/coder/websocket"
)

// hijacked is an answer whose connection is taken over.
type hijacked struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

// TestClientThatDoesNotAnswerDelaysTheEndByEndTimeout reads all that it gets, and does not answer that the connection ends.
func TestClientThatDoesNotAnswerDelaysTheEndByEndTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, client := net.Pipe()
		go io.Copy(io.Discard, client)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
			r.Header.Set(name, value)
		}
		socket, err := websocket.Accept(hijacked{httptest.NewRecorder(), conn}, r, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := New(func() []registry.Status { return nil })
		go s.Serve(t.Context(), socket, Client{})
		synctest.Wait()
		began := time.Now()
		s.Close()
		if took := time.Since(began); took > endTimeout {
			t.Errorf("the connection ended after %v", took)
		}
	})
}

func TestClientHearsThatTheLineIsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := newSentStates(Client{Sees: func(string) bool { return true }})
		if first := sent.update(states{}, nil); len(first) != 2 {
			t.Fatalf("the first messages are %v", first)
		}
		for range 3 {
			silent := time.Now()
			var messages []any
			for len(messages) == 0 && time.Since(silent) < time.Minute {
				time.Sleep(statePeriod)
				messages = sent.update(states{}, nil)
			}
			if want := (timeMessage{time.Now().UnixMicro()}); len(messages) != 1 || messages[0] != want || time.Since(silent) > timePeriod {
				t.Errorf("after %v the client is told %v", time.Since(silent), messages)
			}
		}
	})
}

func TestTilesThatAreOpenedFasterThanOthersEndWait(t *testing.T) {
	var watching atomic.Int64
	release := make(chan struct{})
	c := newTestConnection()
	c.client = Client{
		Watch: func(context.Context, string, string) (*registry.View, func(), error) {
			watching.Add(1)
			<-release
			return nil, nil, context.Canceled
		},
		Problem: func(string, error) any { return nil },
	}
	ctx, cancel := context.WithCancel(t.Context())
	open := func() {
		if err := c.take(ctx, websocket.MessageText, []byte(`{"open": {"tile": 1, "camera": "gate"}}`)); err != nil {
			t.Fatal(err)
		}
	}
	for range maxWatching {
		open()
	}
	cancel() // or the next one would wait
	open()
	close(release)
	c.watching.Wait()
	if n := watching.Load(); n != maxWatching {
		t.Errorf("%d views were begun at a time, of %d at most", n, maxWatching)
	}
	if len(c.places) != 0 {
		t.Errorf("%d places are taken after all views have ended", len(c.places))
	}
}

func TestClosedTilesDoNotWaitToBeServed(t *testing.T) {
	c := newTestConnection(1)
	c.pace.limit = 1
	c.publishAll(1)
	c.sendsTo(t)
	for range 10 { // while the picture of tile 1 is under way
		c.tiles[2] = &tile{number: 2, begun: 1}
		c.publishAll(2)
		c.drop(c.tiles[2])
	}
	if len(c.ready) != 0 {
		t.Errorf("%d tiles that are closed wait to be served", len(c.ready))
	}
}

func TestClientThatReadsNoMessagesIsRefused(t *testing.T) {
	c := newTestConnection()
	var why error
	c.end = func(err error) { why = err }
	for n := range 2 * maxTexts {
		if why != nil && n < maxTexts {
			t.Fatalf("with %d messages: %v", n, why)
		}
		c.queueText(n)
	}
	if want := fmt.Sprint(maxTexts, " messages wait"); why == nil || !strings.Contains(why.Error(), want) {
		t.Errorf("the connection ends with %v, want %q", why, want)
	}
	if len(c.texts) > maxTexts {
		t.Errorf("%d messages are kept", len(c.texts))
	}
}
