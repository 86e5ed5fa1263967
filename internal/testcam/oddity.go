package testcam

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/testcam/loop"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// bare is a format without the parameter sets that a decoder needs, which then come with the keyframes only.
func bare(f format.Format) format.Format {
	switch f.(type) {
	case *format.H264:
		return &format.H264{PayloadTyp: loop.PayloadType, PacketizationMode: 1}
	case *format.H265:
		return &format.H265{PayloadTyp: loop.PayloadType}
	case *format.MPEG4Video:
		return &format.MPEG4Video{PayloadTyp: loop.PayloadType, ProfileLevelID: 1}
	default: // the others have none
		return f
	}
}

// makeHuge makes the access unit of some MB that the camera sends next: a keyframe of one endless slice.
func (p *path) makeHuge(megabytes int) error {
	if megabytes < 1 || megabytes > 200 {
		return fmt.Errorf("%d MB: want 1 to 200", megabytes)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loop == nil || p.loop.Codec != H264 && p.loop.Codec != H265 {
		return fmt.Errorf("huge works with %s and %s only", H264, H265)
	}
	// The fragments of the slice differ only in the bits that mark the first and the last.
	const first, last = 0x80, 0x40
	fragment := func(mark byte) []byte {
		head := []byte{0x60 | 28, mark | 5} // FU-A of an IDR slice (RFC 6184, section 5.8)
		if p.loop.Codec == H265 {
			head = []byte{49 << 1, 1, mark | 19} // RFC 7798, section 4.4.3
		}
		return append(head, bytes.Repeat([]byte{0x55}, 1400-len(head))...)
	}
	middle := fragment(0)
	p.huge = make([]*rtp.Packet, megabytes<<20/1400+1)
	for i := range p.huge {
		p.huge[i] = &rtp.Packet{Header: rtp.Header{Version: 2}, Payload: middle}
	}
	p.huge[0].Payload = fragment(first)
	end := p.huge[len(p.huge)-1]
	end.Payload, end.Marker = fragment(last), true
	return nil
}

// sendHuge sends packets at the pace of the slowest client, so that gortsplib's queue of 2048 packets loses none of them.
func (p *path) sendHuge(ctx context.Context, packets []*rtp.Packet, timestamp uint32) {
	const portion, ahead = 32, 1024
	before := map[*wire]int64{}
	for _, w := range p.wires() {
		before[w] = w.packets.Load()
	}
	behind := func(sent int) bool {
		return slices.ContainsFunc(p.wires(), func(w *wire) bool {
			start, ok := before[w]
			return ok && w.packets.Load()-start < int64(sent-ahead)
		})
	}
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for sent := 0; sent < len(packets); {
		if !behind(sent) {
			n := min(portion, len(packets)-sent)
			p.mu.Lock()
			p.write(packets[sent:sent+n], timestamp)
			p.mu.Unlock()
			sent += n
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
			return
		}
	}
}

// changeSSRC changes the SSRC of the stream for all who play it over TCP.
func (p *path) changeSSRC() error {
	wires := p.wires()
	if len(wires) == 0 {
		return fmt.Errorf("no client plays %s over TCP", p.camera.Name)
	}
	for _, w := range wires {
		w.mask.Store(rand.Uint32() | 1)
	}
	return nil
}
