package app

import (
	"context"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline"
	"github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/registry"
)

// machine is the hardware of a running framegate, which is proved once.
type machine struct {
	plan.Machine
	proved chan struct{} // closed when found is set
	found  plan.Hardware
}

func newMachine() *machine { return &machine{proved: make(chan struct{})} }

// prove finds out what the machine can do. Cameras use software until it returns.
func (m *machine) prove(ctx context.Context, prover plan.Prover) {
	m.found = plan.Prove(ctx, prover)
	m.SetProofs(m.found)
	close(m.proved)
}

// hardware waits for the result of prove. It returns nil where ctx is done before.
func (m *machine) hardware(ctx context.Context) any {
	select {
	case <-m.proved:
		return m.found
	case <-ctx.Done():
		return nil
	}
}

// probeLook is how long a probe of the API measures the rate and the keyframe interval, at most.
const probeLook = 2 * time.Second

// probe connects to a source once. It returns what it found, for encoding/json, and a picture.
func (m *machine) probe(ctx context.Context, src configs.Source) (found any, picture []byte, err error) {
	report, err := pipeline.Probe(ctx, &m.Machine, src, probeLook, func(frame.Waiting) {})
	if err != nil {
		return nil, nil, err
	}
	return report.Findings(), report.Frame.Picture(), nil
}

// engine is the registry's Engine, with GStreamer.
type engine struct{ machine *plan.Machine }

func (e engine) NewFeed(src configs.Source, accounts *challenge.Accounts) (registry.Feed, error) {
	made, err := pipeline.NewFeed(e.machine, src)
	if err != nil {
		return nil, err
	}
	made.UseAccounts(accounts)
	return feed{made}, nil
}

// feed is the registry's Feed, with GStreamer.
type feed struct{ *pipeline.Feed }

func (f feed) NewPicture(outputs []frame.Output) registry.Picture {
	return f.Feed.NewPicture(outputs)
}
