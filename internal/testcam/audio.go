package testcam

import (
	"bytes"
	"context"
	"math/rand/v2"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// silence is the audio track: A-law, 8 kHz, one channel, with its static payload type (RFC 3551, section 6).
var silence = &format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}

// sendAudio sends silence until ctx is done, in the usual packets of 20 ms.
func (p *path) sendAudio(ctx context.Context) {
	if !p.camera.Audio && !p.camera.AudioOnly {
		return
	}
	const length = 20 * time.Millisecond
	quiet := bytes.Repeat([]byte{0xD5}, int(length.Seconds()*8000)) // the smallest level of A-law (ITU-T G.711)
	sequence, clock := uint16(rand.Uint32()), rand.Uint32()
	for tick := range ticks(ctx, func(tick int) time.Duration { return time.Duration(tick) * length }) {
		p.mu.Lock()
		if p.fault.kind != Stall {
			p.stream.WritePacketRTP(p.audio, &rtp.Packet{
				Header: rtp.Header{
					Version: 2, PayloadType: silence.PayloadTyp, Marker: tick == 0,
					SequenceNumber: sequence, Timestamp: clock + uint32(tick*len(quiet)),
				},
				Payload: quiet,
			})
			sequence++
		}
		p.mu.Unlock()
	}
}
