package multipart

import (
	"bytes"
	"fmt"

	"github.com/framegate/framegate/pipeline/jpeg"
)

// picture reads the JPEG that begins here. stated is how many bytes it has by its head, 0 if that is not known.
//
// The usual JPEG ends where its head says so. Then only its last two bytes are looked at.
func (r *Reader) picture(stated int) ([]byte, error) {
	if stated > 0 && !r.wrong {
		for len(r.buffer.data()) < stated {
			// If the JPEG seems to have ended before its length, do not wait: the next bytes may come only with the next picture.
			if endsJPEG(r.buffer.data()) || r.buffer.fillFor(stated) != nil {
				return r.search(stated)
			}
		}
		if bytes.HasSuffix(r.buffer.data()[:stated], []byte{0xFF, markEOI}) {
			r.unmarked = false
			return r.take(stated), nil
		}
	}
	return r.search(stated)
}

// endsJPEG reports whether data ends like a JPEG, or the line after it.
func endsJPEG(data []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(data, "\r\n"), []byte{0xFF, markEOI})
}

// search reads the JPEG that begins here by looking for its end.
func (r *Reader) search(stated int) ([]byte, error) {
	var markers jpeg.EndFinder
	short := 0 // the stated length, if it was too short
	for looked := 0; ; {
		data := r.buffer.data()
		index, found := markers.Find(data)
		limit := len(data)
		if found != jpeg.NeedMore {
			limit = index
		}
		if stated > 0 && stated < limit || stated == limit && found != jpeg.FoundEnd { // the JPEG has no end marker there
			held, more := r.endsAt(data, stated, found)
			if held {
				return r.take(stated), nil
			}
			if !more {
				short, stated = stated, 0
			}
		}
		switch opened := r.boundary.index(data[:limit], looked); {
		case opened > 0:
			return r.ended(opened, stated, short), nil
		case found != jpeg.NeedMore:
			return r.ended(index, stated, short), nil
		case len(data) > jpeg.MaxSize:
			return nil, fmt.Errorf("a part of more than %d bytes", jpeg.MaxSize)
		}
		looked = len(data)
		if err := r.buffer.fill(); err != nil {
			if stated > len(data) {
				return nil, r.cutOff(err)
			}
			return r.ended(len(data), stated, short), nil
		}
	}
}

// endsAt reports whether a JPEG without an end marker ends at its stated length, because a boundary follows there. If one did after
// the previous JPEG, it is not waited for. more means that data is too short to decide.
func (r *Reader) endsAt(data []byte, stated int, found jpeg.Found) (held, more bool) {
	if r.unmarked && found == jpeg.NeedMore {
		return true, false
	}
	held, more = r.boundary.at(data[stated:])
	if more && r.buffer.err != nil {
		held, more = true, false
	}
	r.unmarked = held
	return held, more
}

// ended takes a JPEG that has been found to end at an index.
func (r *Reader) ended(index, stated, short int) []byte {
	switch {
	case short > 0:
		r.lengthFailed("short", index-short)
	case stated > index:
		r.beyond = stated - index
	case stated == index:
		r.lengthHeld()
	}
	return r.take(index)
}

// take takes the bytes of a part.
func (r *Reader) take(n int) []byte {
	part := r.buffer.data()[:n:n]
	r.buffer.skip(n)
	return part
}
