package testcam

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/framegate/framegate/internal/testcam/loop"
)

// Command is something that a camera does on command.
type Command string

// The commands, which are explained below.
const (
	Drop         Command = "drop"
	Cut          Command = "cut"
	Refuse       Command = "refuse"
	Unauthorized Command = "unauthorized"
	Stall        Command = "stall"
	Corrupt      Command = "corrupt"
	Resize       Command = "resize"
	Recodec      Command = "recodec"
	Bare         Command = "bare"
	SSRC         Command = "ssrc"
	Jump         Command = "jump"
	Freeze       Command = "freeze"
	Backwards    Command = "backwards"
	Huge         Command = "huge"
	Heal         Command = "heal"
)

// commands explains the commands in the help of the control port.
var commands = []struct {
	Command
	parameters, meaning string
}{
	{Drop, "", "close the connections; new ones are welcome"},
	{Cut, "", "close them in the middle of the next access unit of several packets; new ones are welcome"},
	{Refuse, "", "close the connections and answer 503 until heal"},
	{Unauthorized, "", "close the connections and answer 401 until heal"},
	{Stall, "", "keep the connections and send nothing until heal"},
	{Corrupt, "?rate=0.2&kind=flip", "damage this part of the access units (above 0, up to 1) until heal;"},
	{"", "", "kind: flip bytes, truncate, lose (the last packet), reorder, or codec (send one of another codec instead)"},
	{Resize, "?width=640&height=360", "send this size from the next keyframe on, in the same connection"},
	{Recodec, "?codec=h265", "close the connections and send this codec, in the size as configured"},
	{Bare, "", "close the connections and leave SPS, PPS and the like out of the SDP until heal"},
	{SSRC, "", "continue with another SSRC, in the same connections over TCP"},
	{Jump, "?seconds=3600", "put the clock of the RTP timestamps forward, or back by a negative number"},
	{Freeze, "", "keep the RTP timestamps at one value until heal"},
	{Backwards, "", "let the clock of the RTP timestamps run backwards until heal"},
	{Huge, "?megabytes=40", "send one access unit of this size (1 to 200) instead of the next frame, of H.264 or H.265"},
	{Heal, "", "return to what is configured"},
}

// Damage is a way to damage an access unit.
type Damage string

// The ways of Corrupt.
const (
	Flip       Damage = "flip"     // some bytes
	Truncate   Damage = "truncate" // to the first half
	Lose       Damage = "lose"     // its last packet, as networks do
	Reorder    Damage = "reorder"  // send it after the next one
	WrongCodec Damage = "codec"    // send one of another codec instead
)

// Options are the parameters of commands. The values of parameters that are zero are in parentheses.
type Options struct {
	Rate          float64 // for Corrupt: the share of the access units, above 0, up to 1 (0.2)
	Kind          Damage  // for Corrupt (Flip)
	Width, Height int     // for Resize
	Codec         Codec   // for Recodec
	Seconds       float64 // for Jump (3600)
	Megabytes     int     // for Huge (40)
}

// fault is how a camera misbehaves now.
type fault struct {
	kind  Command // Refuse, Unauthorized, Stall, Corrupt, Bare, Freeze or Backwards; empty for none
	rate  float64
	how   Damage
	other *loop.Loop // of another codec
	since *uint32    // RTP time at which the fault began; nil before the first frame
}

// ErrNoCamera is returned for a name that no camera has.
var ErrNoCamera = errors.New("no such camera")

// Do makes a camera do something. It returns when that has begun; Resize and Recodec encode a new loop first. The error is
// ErrNoCamera, or says what is wrong with the options.
func (s *Server) Do(ctx context.Context, camera string, command Command, o Options) error {
	p := s.path(camera)
	if p == nil {
		return fmt.Errorf("%w: %s", ErrNoCamera, camera)
	}
	switch command {
	case Drop:
		p.disconnect()
	case Cut:
		p.mu.Lock()
		p.cut = true
		p.mu.Unlock()
	case Refuse, Unauthorized:
		p.setFault(fault{kind: command})
		p.disconnect()
	case Stall, Freeze, Backwards:
		p.setFault(fault{kind: command})
	case Corrupt:
		return p.corrupt(ctx, o)
	case Resize:
		return p.resize(ctx, o)
	case Recodec:
		return p.recodec(ctx, o)
	case Bare:
		return p.reopen(func() { p.fault = fault{kind: Bare} })
	case SSRC:
		return p.changeSSRC()
	case Jump:
		p.mu.Lock()
		p.clock += uint32(int64(cmp.Or(o.Seconds, 3600) * videoClock))
		p.mu.Unlock()
	case Huge:
		return p.makeHuge(cmp.Or(o.Megabytes, 40))
	case Heal:
		return p.heal(ctx)
	default:
		return fmt.Errorf("no command %q", command)
	}
	return nil
}

// setFault replaces the fault and returns the previous one.
func (p *path) setFault(f fault) (was fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was, p.fault = p.fault, f
	return was
}

func (p *path) corrupt(ctx context.Context, o Options) error {
	f := fault{kind: Corrupt, rate: cmp.Or(o.Rate, 0.2), how: cmp.Or(o.Kind, Flip)}
	if !(f.rate > 0 && f.rate <= 1) { // so that NaN is refused too
		return fmt.Errorf("rate %v: want above 0, up to 1", f.rate)
	}
	switch f.how {
	case Flip, Truncate, Lose, Reorder:
	case WrongCodec:
		other := p.current()
		if other.AudioOnly {
			return fmt.Errorf("%s has no video", other.Name)
		}
		if other.Codec, other.BFrames = H264, 0; p.current().Codec == H264 {
			other.Codec = H265
		}
		var err error
		if f.other, err = p.server.loops.Get(ctx, other.spec()); err != nil {
			return err
		}
	default:
		return fmt.Errorf("no damage %q: want %s, %s, %s, %s or %s", f.how, Flip, Truncate, Lose, Reorder, WrongCodec)
	}
	p.setFault(f)
	return nil
}

func (p *path) resize(ctx context.Context, o Options) error {
	if o.Width == 0 || o.Height == 0 {
		return errors.New("resize needs a width and a height")
	}
	c := p.current()
	c.Width, c.Height, c.Bitrate = o.Width, o.Height, 0
	return p.become(ctx, c)
}

func (p *path) recodec(ctx context.Context, o Options) error {
	if o.Codec == "" {
		return fmt.Errorf("recodec needs a codec: %s", loop.CodecNames())
	}
	c := p.camera
	c.Codec = o.Codec
	if o.Codec != H264 {
		c.BFrames = 0
	}
	return p.become(ctx, c)
}

func (p *path) heal(ctx context.Context) error {
	was := p.setFault(fault{})
	if p.camera.AudioOnly {
		return nil
	}
	if err := p.become(ctx, p.camera); err != nil || was.kind != Bare {
		return err
	}
	return p.reopen(func() {})
}

// current is the camera after the last change.
func (p *path) current() Camera {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// become makes the camera send what c describes: another size in the same connections, another codec in new ones.
func (p *path) become(ctx context.Context, c Camera) error {
	if c.AudioOnly {
		return fmt.Errorf("%s has no video", c.Name)
	}
	c, err := c.withDefaults(c.Number - 1)
	if err != nil {
		return err
	}
	l, err := p.server.loops.Get(ctx, c.spec())
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.now = c
	same := l.Codec == p.loop.Codec
	if same {
		p.next = l
		if l == p.loop {
			p.next = nil
		}
	}
	p.mu.Unlock()
	if same {
		return nil
	}
	return p.reopen(func() { p.loop, p.next = l, nil })
}
