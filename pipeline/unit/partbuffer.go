package unit

import (
	"io"
)

// partBuffer holds what has been read of a body and not been used. A part is read into it as a whole, so that it need not be copied
// again.
type partBuffer struct {
	from       io.Reader
	bytes      []byte
	start, end int   // of what has not been used
	err        error // of from; nothing more comes
}

// readSize is how many bytes are asked for at least.
const readSize = 32 << 10

// data is what has not been used. It is valid until the next fill.
func (b *partBuffer) data() []byte { return b.bytes[b.start:b.end] }

// skip makes n bytes of data used. They stay valid until the next fill.
func (b *partBuffer) skip(n int) { b.start += n }

// fill reads some more bytes.
func (b *partBuffer) fill() error { return b.fillFor(0) }

// fillFor reads some more bytes of data that will have size bytes. It makes room as they arrive, since a camera may state any size.
func (b *partBuffer) fillFor(size int) error {
	if b.err != nil {
		return b.err
	}
	used := b.end - b.start
	if want := min(max(size, used), 2*used) + readSize; len(b.bytes)-b.start < want {
		to := b.bytes
		if len(to) < want {
			to = make([]byte, want+want/2)
		}
		copy(to, b.data())
		b.bytes, b.start, b.end = to, 0, used
	}
	for range 100 { // a reader may return nothing a few times (io.Reader)
		n, err := b.from.Read(b.bytes[b.end:])
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
func (b *partBuffer) need(n int) error {
	for b.end-b.start < n {
		if err := b.fill(); err != nil {
			return err
		}
	}
	return nil
}
