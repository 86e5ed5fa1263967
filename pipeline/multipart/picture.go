package multipart

import (
	"bytes"
	"fmt"

	"github.com/framegate/framegate/pipeline/jpeg"
)

// picture reads the JPEG that begins here. stated is how many bytes it has by its head, 0 if that is not known.
//
// The usual JPEG ends where its head says so. Then only its last two bytes are looked at.
func (p *PartReader) picture(stated int) ([]byte, error) {
	if stated > 0 && !p.wrong {
		for len(p.buffer.data()) < stated {
			// A JPEG that seems to have ended before its length is not waited for: the next bytes may come with the next picture.
			if endsJPEG(p.buffer.data()) || p.buffer.fillFor(stated) != nil {
				return p.search(stated)
			}
		}
		if bytes.HasSuffix(p.buffer.data()[:stated], []byte{0xFF, markEOI}) {
			p.unmarked = false
			return p.take(stated), nil
		}
	}
	return p.search(stated)
}

// endsJPEG reports whether data ends like a JPEG, or the line after it.
func endsJPEG(data []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(data, "\r\n"), []byte{0xFF, markEOI})
}

// search reads the JPEG that begins here by looking for its end.
func (p *PartReader) search(stated int) ([]byte, error) {
	var markers jpeg.EndFinder
	short := 0 // the stated length, if it was too short
	for looked := 0; ; {
		data := p.buffer.data()
		index, found := markers.Find(data)
		limit := len(data)
		if found != jpeg.NeedMore {
			limit = index
		}
		if stated > 0 && stated < limit || stated == limit && found != jpeg.FoundEnd { // the JPEG has no end marker there
			held, more := p.endsAt(data, stated, found)
			if held {
				return p.take(stated), nil
			}
			if !more {
				short, stated = stated, 0
			}
		}
		switch opened := p.boundary.index(data[:limit], looked); {
		case opened > 0:
			return p.ended(opened, stated, short), nil
		case found != jpeg.NeedMore:
			return p.ended(index, stated, short), nil
		case len(data) > jpeg.MaxSize:
			return nil, fmt.Errorf("a part of more than %d bytes", jpeg.MaxSize)
		}
		looked = len(data)
		if err := p.buffer.fill(); err != nil {
			if stated > len(data) {
				return nil, p.cutOff(err)
			}
			return p.ended(len(data), stated, short), nil
		}
	}
}

// endsAt reports whether a JPEG without an end marker ends at its stated length: a boundary follows, as it did after the JPEG before.
// more means that it is not known yet.
func (p *PartReader) endsAt(data []byte, stated int, found jpeg.Found) (held, more bool) {
	if p.unmarked && found == jpeg.NeedMore {
		return true, false
	}
	held, more = p.boundary.at(data[stated:])
	if more && p.buffer.err != nil {
		held, more = true, false
	}
	p.unmarked = held
	return held, more
}

// ended takes a JPEG that has been found to end at an index.
func (p *PartReader) ended(index, stated, short int) []byte {
	switch {
	case short > 0:
		p.lengthFailed("short", index-short)
	case stated > index:
		p.beyond = stated - index
	case stated == index:
		p.lengthHeld()
	}
	return p.take(index)
}

// take takes the bytes of a part.
func (p *PartReader) take(n int) []byte {
	part := p.buffer.data()[:n:n]
	p.buffer.skip(n)
	return part
}
