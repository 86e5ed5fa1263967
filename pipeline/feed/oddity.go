package feed

import (
	"fmt"
	"sync"
)

// maxOddities bounds the list: a camera may be odd in many ways.
const maxOddities = 20

// oddities are what is unusual about what a camera sends, and explains what its user sees. The zero value is empty. Any goroutine
// may call its methods.
type oddities struct {
	mu    sync.Mutex // guards noted
	noted []oddity   // in the order in which they were first noted
}

type oddity struct {
	kind, text string
	times      int
}

// add notes an oddity. text is a short sentence without a full stop, such as "parts state a Content-Length 7 bytes too long".
// Only the first text of a kind is kept, so kind is the text without what differs from picture to picture. The others are
// counted.
func (o *oddities) add(kind, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.noted {
		if o.noted[i].kind == kind {
			o.noted[i].times++
			return
		}
	}
	if len(o.noted) < maxOddities {
		o.noted = append(o.noted, oddity{kind, text, 1})
	}
}

func (o *oddities) reset() {
	o.mu.Lock()
	o.noted = nil
	o.mu.Unlock()
}

func (o *oddities) list() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	texts := make([]string, 0, len(o.noted))
	for _, odd := range o.noted {
		text := odd.text
		if odd.times > 1 {
			text += fmt.Sprintf(" (%d times)", odd.times)
		}
		texts = append(texts, text)
	}
	return texts
}

// Oddities lists, in short sentences, what is odd about what the camera has sent since Run was last called. A sentence is listed
// once, with the number of times if that is more than one.
func (f *Feed) Oddities() []string { return f.odd.list() }
