package multipart

import (
	"io"
)

// buffer holds what has been read of a body and not been used yet. A whole part is read into it, so that it need not be copied
// again.
type buffer struct {
	from       io.Reader
	bytes      []byte
	start, end int   // of what has not been used
	err        error // of from; nothing more comes
}

const (
	readSize    = 32 << 10 // bytes that are asked for if it is not known how many there are
	largeBuffer = 4 << 20  // bytes that may stay allocated
	headSize    = 4 << 10  // bytes that are asked for beyond a part, for the head of the next one. More would have to be moved
)

// data is what has not been used. It is valid until the next fill.
func (b *buffer) data() []byte { return b.bytes[b.start:b.end] }

// skip marks n bytes of data as used. They stay valid until the next fill.
func (b *buffer) skip(n int) { b.start += n }

// fill reads some more bytes.
func (b *buffer) fill() error { return b.fillFor(0) }

// fillFor reads some more bytes of data that will have size bytes. It makes room as they arrive, since a camera may state any size.
func (b *buffer) fillFor(size int) error {
	if b.err != nil {
		return b.err
	}
	used, want := b.end-b.start, readSize
	if size > used {
		want = size - used + headSize
	}
	if len(b.bytes)-b.end < want || used <= headSize { // little is moved early, so that the processor's cache holds what is used
		to := b.bytes
		// A part that was much larger than the others leaves no large buffer behind.
		if room := used + min(want, used+readSize); len(to) < room || len(to) > largeBuffer && len(to) > 16*room {
			to = make([]byte, room+room/2)
		}
		copy(to, b.data())
		b.bytes, b.start, b.end = to, 0, used
	}
	into := b.bytes[b.end:min(b.end+want, len(b.bytes))]
	for range 100 { // a reader may return nothing a few times (io.Reader)
		n, err := b.from.Read(into)
		b.end, b.err = b.end+n, err
		if n > 0 {
			return nil // the error is the next call's
		}
		if err != nil {
			return err
		}
	}
	b.err = io.ErrNoProgress
	return b.err
}

// need reads until there are at least n bytes.
func (b *buffer) need(n int) error {
	for b.end-b.start < n {
		if err := b.fill(); err != nil {
			return err
		}
	}
	return nil
}
