package plan

import (
	"slices"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/gst"
)

// candidates returns the plans that a configuration allows for a codec, the best first, without the last resort, software.
func candidates(codec string, choice configs.Plans) (all []Plan) {
	for _, pf := range platforms {
		if choice.Hardware == "" || choice.Hardware == configs.AnyHardware || choice.Hardware == pf.name {
			all = append(all, pf.plans(codec)...)
		}
	}
	if choice.Decoder != "" {
		all = withDecoder(all, codec, choice.Decoder)
	}
	if choice.Encoder != "" {
		all = withEncoder(all, codec, choice.Encoder)
	}
	return all
}

// withDecoder returns the plans that use a decoder, or a new plan that does if there are none.
func withDecoder(all []Plan, codec, decoder string) (kept []Plan) {
	for _, p := range all {
		for _, own := range p.platform.decoders[codec] {
			if own == decoder {
				p.decoder, p.forced, p.proof = decoder, true, ""
				kept = append(kept, p)
			}
		}
	}
	if len(kept) > 0 {
		return kept
	}
	return []Plan{{name: "custom", codec: codec, platform: software, decoder: decoder, system: jpegenc, forced: true}}
}

// withEncoder returns plans that encode with a factory: on the device if it is one of the encoders of the platform, else in
// system memory.
func withEncoder(all []Plan, codec, factory string) (changed []Plan) {
	own := func(p Plan) bool { return p.device != nil && p.device.factory == factory }
	for _, p := range append(all, Plan{name: "custom", codec: codec, platform: software, decoder: softwarePlan(codec).decoder}) {
		p.forced = true
		switch {
		case own(p):
			p.anySize = true
			changed = append(changed, p)
		case p.device == nil && !slices.ContainsFunc(changed, func(c Plan) bool { return own(c) && c.platform == p.platform }):
			p.system = jpegenc // whose property of the quality is the usual one
			p.system.factory = factory
			changed = append(changed, p)
		}
	}
	return changed
}

// plans returns the plans of a platform for a codec on this machine: one that also encodes on the device, if the platform has
// an encoder, and one that does not.
func (pf *platform) plans(codec string) (all []Plan) {
	decoder, ok := installed(pf.decoders[codec])
	if !ok || pf == software || !pf.scales() {
		return nil
	}
	_, memory := pf.scaler()
	for i := range pf.encoders {
		if e := &pf.encoders[i]; memory == pf.memory && len(gst.Missing(e.factory)) == 0 {
			all = append(all, Plan{name: pf.name, codec: codec, platform: pf, decoder: decoder, device: e, system: jpegenc})
			break
		}
	}
	all = append(all, Plan{name: pf.name + "+" + software.name, codec: codec, platform: pf, decoder: decoder, system: jpegenc})
	for i := range all {
		all[i].proof = all[i].Key()
	}
	return all
}

// softwarePlan returns the plan that needs no hardware.
func softwarePlan(codec string) Plan {
	p := Plan{name: software.name, codec: codec, platform: software, system: jpegenc}
	p.decoder, _ = installed(software.decoders[codec])
	return p
}

// installed returns the first of some factories that this machine has. It returns false if there is none.
func installed(factories []string) (factory string, ok bool) {
	for _, factory := range factories {
		if len(gst.Missing(factory)) == 0 {
			return factory, true
		}
	}
	return "", false
}
