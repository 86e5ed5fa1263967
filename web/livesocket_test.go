package web

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// liveSocket is the client's end of GET /api/live.
type liveSocket struct {
	*websocket.Conn
	t   *testing.T
	ctx context.Context
}

func openLive(t *testing.T, url string, header http.Header) *liveSocket {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, url+"/api/live", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	conn.SetReadLimit(-1)
	return &liveSocket{conn, t, ctx}
}

func (s *liveSocket) send(text string) {
	s.t.Helper()
	if err := s.Write(s.ctx, websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *liveSocket) open(tile int, camera, query string) {
	s.t.Helper()
	s.send(fmt.Sprintf(`{"open": {"tile": %d, "camera": %q, "query": %q}}`, tile, camera, query))
}

func (s *liveSocket) shown(tile uint32) {
	s.t.Helper()
	s.send(fmt.Sprintf(`{"shown": [%d]}`, tile))
}

// livePicture is a picture as the client gets it.
type livePicture struct {
	tile, flags    uint32
	received, sent time.Time
	width          int
}

// liveMessage is any message to the client.
type liveMessage struct {
	Cameras []struct{ ID, State string }
	Camera  *struct {
		ID, Name, State string
		Renditions      []struct{ Width int }
	}
	Ended *struct {
		Tile    uint32
		Problem struct {
			Status    int
			Detail    string
			Parameter string
			Camera    string
			Reason    string
		}
	}
	picture *livePicture
	text    string
}

func (s *liveSocket) read() liveMessage {
	s.t.Helper()
	m, err := s.tryRead()
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

func (s *liveSocket) tryRead() (m liveMessage, err error) {
	s.t.Helper()
	kind, body, err := s.Read(s.ctx)
	if err != nil {
		return m, err
	}
	if kind == websocket.MessageText {
		m.text = string(body)
		return m, json.Unmarshal(body, &m)
	}
	micros := func(b []byte) time.Time { return time.UnixMicro(int64(binary.BigEndian.Uint64(b))) }
	p := &livePicture{tile: binary.BigEndian.Uint32(body), flags: binary.BigEndian.Uint32(body[4:]), received: micros(body[8:]), sent: micros(body[16:])}
	picture, err := jpeg.DecodeConfig(bytes.NewReader(body[24:]))
	p.width = picture.Width
	m.picture = p
	return m, err
}

// until reads until a message meets a condition.
func (s *liveSocket) until(condition func(liveMessage) bool) liveMessage {
	s.t.Helper()
	for {
		if m := s.read(); condition(m) {
			return m
		}
	}
}

// untilEach reads until each of some conditions has been met by a message, in any order.
func (s *liveSocket) untilEach(conditions ...func(liveMessage) bool) {
	s.t.Helper()
	for len(conditions) > 0 {
		m := s.read()
		conditions = slices.DeleteFunc(conditions, func(condition func(liveMessage) bool) bool { return condition(m) })
	}
}

// ended returns why a connection ended.
func (s *liveSocket) ended() websocket.CloseError {
	s.t.Helper()
	for {
		if _, err := s.tryRead(); err != nil {
			var closed websocket.CloseError
			if !errors.As(err, &closed) {
				s.t.Fatal(err)
			}
			return closed
		}
	}
}
