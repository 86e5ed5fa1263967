// Package plan decides how pictures are made on this machine. A Plan is a complete chain from access units to JPEG. Prove tries
// every plan of every platform with a sample. A Machine records which plans work. Each camera has a Fallback, which selects the
// next plan when one fails.
package plan

import (
	"cmp"
	"strings"

	"github.com/framegate/framegate/pipeline/frame"
)

// Plan is a complete chain from access units of a codec to JPEG:
//
//	[parser !] decoder ! [scaler ! [download !]] [framegatescale !] encoder
//
// Pictures stay in the platform's memory up to the scaler, and up to the encoder if the platform has one and nothing is
// painted into them.
type Plan struct {
	name     string
	codec    string
	platform *platform
	decoder  string   // factory; empty if decodebin chooses one that works in software
	device   *encoder // encodes pictures in the memory of the platform; nil if none are encoded there
	system   encoder  // encodes pictures in system memory
	forced   bool     // the configuration names one of its elements
	anySize  bool     // pictures of any size are encoded on the device
	proof    string   // key of the plan that must have been proved; empty for none
}

// Name is the name of the plan in the API and the log, such as nvidia+software.
func (p Plan) Name() string { return p.name }

// Key identifies a plan: only equal plans have the same key.
func (p Plan) Key() string {
	device := ""
	if p.device != nil {
		device = p.device.factory
	}
	return strings.Join([]string{p.name, p.codec, p.decoder, device, p.system.factory}, " ")
}

// Last reports whether no other plan follows this one if it fails.
func (p Plan) Last() bool { return p.Key() == softwarePlan(p.codec).Key() }

// hardware reports whether the plan uses a device.
func (p Plan) hardware() bool { return p.platform != software || p.device != nil }

// describe describes the plan. decoder is the one that decodebin found, if the plan does not name one.
func (p Plan) describe(decoder string) frame.Plan {
	scaler, _ := p.platform.scaler()
	d := frame.Plan{
		Name: p.name, Hardware: p.hardware(), Decoder: cmp.Or(p.decoder, decoder),
		Scaler: scaler.name(), Encoder: p.system.factory,
	}
	if p.device != nil {
		d.Encoder = p.device.factory
	}
	return d
}
