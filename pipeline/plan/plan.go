// Package plan knows how pictures can be made on this machine. A Plan is a complete chain from access units to JPEG. Prove
// tries every plan of every platform on a sample, a Machine keeps what works, and each camera has a Fallback, which says
// which plan is next when one fails.
package plan

import (
	"cmp"
	"strings"

	"framegate/pipeline/frame"
)

// Plan is a complete chain from access units of a codec to JPEG:
//
//	[parser !] decoder ! scaler ! [download ! videoconvert !] encoder
//
// Pictures stay in the platform's memory up to the scaler, and up to the encoder if the platform has one and nothing is
// painted into them.
type Plan struct {
	name     string
	codec    string
	platform *platform
	decoder  string   // factory; empty if decodebin chooses one that works in software
	device   *encoder // of pictures in the platform's memory; nil if none are encoded there
	system   encoder  // of pictures in system memory
	forced   bool     // the configuration names an element of it
	anySize  bool     // pictures of any size are encoded on the device
	proof    string   // key of the plan that must have been proved; empty for none
}

// Name is how the plan is called in the API and the log, such as nvidia+software.
func (p Plan) Name() string { return p.name }

// Key is equal for equal plans only.
func (p Plan) Key() string {
	device := ""
	if p.device != nil {
		device = p.device.factory
	}
	return strings.Join([]string{p.name, p.codec, p.decoder, device, p.system.factory}, " ")
}

// Last reports whether no other plan follows this one if it fails.
func (p Plan) Last() bool { return p.Key() == softwarePlan(p.codec).Key() }

// hardware reports whether a device has a part in the plan.
func (p Plan) hardware() bool { return p.platform != software || p.device != nil }

// describe describes the plan. decoder is the one that it found, if it does not name one itself.
func (p Plan) describe(decoder string) frame.Plan {
	scaler, _ := p.platform.scaler()
	d := frame.Plan{
		Name: p.name, Hardware: p.hardware(), Decoder: cmp.Or(p.decoder, decoder),
		Scaler: scaler[0].Factory, Encoder: p.system.factory,
	}
	if p.device != nil {
		d.Encoder = p.device.factory
	}
	return d
}
