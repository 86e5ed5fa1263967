package testcam

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// Command is something that a camera does on command.
type Command string

// The commands.
const (
	Drop         Command = "drop"         // close the connections; new ones are welcome
	Refuse       Command = "refuse"       // close the connections and answer 503 until heal
	Unauthorized Command = "unauthorized" // close the connections and answer 401 until heal
	Stall        Command = "stall"        // keep the connections and send nothing until heal
	Corrupt      Command = "corrupt"      // flip bytes in a part of the access units until heal
	Resize       Command = "resize"       // send another size from the next keyframe on, in the same connection
	Recodec      Command = "recodec"      // close the connections and send another codec, in the size as configured
	Heal         Command = "heal"         // be as configured
)

// commands explains the commands, in the order of the help.
var commands = []struct {
	Command
	parameters, meaning string
}{
	{Drop, "", "close the connections; new ones are welcome"},
	{Refuse, "", "close the connections and answer 503 until heal"},
	{Unauthorized, "", "close the connections and answer 401 until heal"},
	{Stall, "", "keep the connections and send nothing until heal"},
	{Corrupt, "?rate=0.2", "flip bytes in this part of the access units (above 0, up to 1) until heal"},
	{Resize, "?width=640&height=360", "send this size from the next keyframe on, in the same connection"},
	{Recodec, "?codec=h265", "close the connections and send this codec, in the size as configured"},
	{Heal, "", "be as configured again"},
}

// Options are the parameters of commands.
type Options struct {
	Rate          float64 // of Corrupt: part of the access units, 0 to 1; 0.2
	Width, Height int     // of Resize
	Codec         Codec   // of Recodec
}

// fault is how a camera misbehaves now.
type fault struct {
	kind Command // Refuse, Unauthorized, Stall or Corrupt; empty for none
	rate float64
}

// ErrNoCamera is returned for a name that no camera has.
var ErrNoCamera = errors.New("no such camera")

// Do makes a camera do something. It returns when that has begun; Resize and Recodec encode a new loop
// first. The error tells what is wrong with the options.
func (s *Server) Do(ctx context.Context, camera string, command Command, o Options) error {
	p := s.path(camera)
	if p == nil {
		return fmt.Errorf("%w: %s", ErrNoCamera, camera)
	}
	switch command {
	case Drop:
		p.disconnect()
	case Refuse, Unauthorized:
		p.setFault(fault{kind: command})
		p.disconnect()
	case Stall:
		p.setFault(fault{kind: Stall})
	case Corrupt:
		rate := cmp.Or(o.Rate, 0.2)
		if !(rate > 0 && rate <= 1) { // so that NaN is refused too
			return fmt.Errorf("a rate of %v; above 0, up to 1", rate)
		}
		p.setFault(fault{kind: Corrupt, rate: rate})
	case Resize:
		if o.Width == 0 || o.Height == 0 {
			return errors.New("resize wants a width and a height")
		}
		changed := p.current()
		changed.Width, changed.Height, changed.Bitrate = o.Width, o.Height, 0
		return p.become(ctx, changed)
	case Recodec:
		if o.Codec == "" {
			return fmt.Errorf("recodec wants a codec: %s", codecNames())
		}
		changed := p.camera
		changed.Codec = o.Codec
		if o.Codec != H264 {
			changed.BFrames = 0
		}
		return p.become(ctx, changed)
	case Heal:
		p.setFault(fault{})
		if p.camera.AudioOnly {
			return nil
		}
		return p.become(ctx, p.camera)
	default:
		return fmt.Errorf("no command %q", command)
	}
	return nil
}

func (p *path) setFault(f fault) {
	p.mu.Lock()
	p.fault = f
	p.mu.Unlock()
}

// current is the camera as it was changed last.
func (p *path) current() Camera {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// become makes the camera send what c describes: another size in the same connections, another codec in
// new ones.
func (p *path) become(ctx context.Context, c Camera) error {
	if c.AudioOnly {
		return fmt.Errorf("%s has no video", c.Name)
	}
	c, err := c.withDefaults(c.Number - 1)
	if err != nil {
		return err
	}
	l, err := p.server.loops.get(ctx, c.picture())
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.now = c
	same := l.codec == p.loop.codec
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
	p.disconnect()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stream.Close()
	p.loop, p.next = l, nil
	return p.openLocked()
}
