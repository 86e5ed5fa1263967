package pipeline

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"

	"framegate/configs"
	"framegate/pipeline/frame"
	"framegate/pipeline/gst"
)

// plan is a complete chain from access units of a codec to JPEG:
//
//	[parser !] decoder ! scaler ! [download ! videoconvert !] encoder
//
// Up to the scaler pictures stay in the platform's memory; and up to the encoder too, where the platform has one and
// nothing is painted into them.
type plan struct {
	name     string
	codec    string
	platform *platform
	decoder  string   // factory; empty for what decodebin finds in software
	device   *encoder // of JPEGs in the platform's memory; nil where they are made in system memory
	system   encoder  // of JPEGs in system memory
	forced   bool     // the configuration names an element of it
	anySize  bool     // pictures of any size are encoded on the device
	proof    string   // key of the plan that must have been proved; empty for none
}

// passThrough names the plan of pictures that are served as the camera sent them.
const passThrough = "pass-through"

// key is the same for equal plans.
func (p plan) key() string {
	device := ""
	if p.device != nil {
		device = p.device.factory
	}
	return strings.Join([]string{p.name, p.codec, p.decoder, device, p.system.factory}, " ")
}

// hardware reports whether a device has a part in the plan.
func (p plan) hardware() bool { return p.platform != software || p.device != nil }

// softwarePlan is what a codec is decoded by on every machine.
func softwarePlan(codec string) plan {
	p := plan{name: software.name, codec: codec, platform: software, system: jpegenc}
	p.decoder, _ = installed(software.decoders[codec])
	return p
}

// installed returns the first factory that this machine has, or the first of all, and whether it has one.
func installed(factories []string) (factory string, ok bool) {
	for _, factory := range factories {
		if len(gst.Missing(factory)) == 0 {
			return factory, true
		}
	}
	return "", false
}

// plans are the plans of a platform for a codec on this machine: the one that encodes on the device too, if there
// is an encoder, and the one that does not.
func (pf *platform) plans(codec string) (all []plan) {
	decoder, ok := installed(pf.decoders[codec])
	if !ok || pf == software || !pf.scales() {
		return nil
	}
	_, memory := pf.scaler()
	for i := range pf.encoders {
		if e := &pf.encoders[i]; memory == pf.memory && len(gst.Missing(e.factory)) == 0 {
			all = append(all, plan{name: pf.name, codec: codec, platform: pf, decoder: decoder, device: e, system: jpegenc})
			break
		}
	}
	all = append(all, plan{name: pf.name + "+" + software.name, codec: codec, platform: pf, decoder: decoder, system: jpegenc})
	for i := range all {
		all[i].proof = all[i].key()
	}
	return all
}

// candidates are the plans that a configuration allows for a codec, but for software, the best first.
func candidates(codec string, choice configs.Plans) (all []plan) {
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

// withDecoder keeps the plans that have a decoder, or makes one that has it.
func withDecoder(all []plan, codec, decoder string) (kept []plan) {
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
	return []plan{{name: "custom", codec: codec, platform: software, decoder: decoder, system: jpegenc, forced: true}}
}

// withEncoder makes plans encode by a factory: on the device where that is one of the platform's, else in system
// memory.
func withEncoder(all []plan, codec, factory string) (changed []plan) {
	own := func(p plan) bool { return p.device != nil && p.device.factory == factory }
	for _, p := range append(all, plan{name: "custom", codec: codec, platform: software, decoder: softwarePlan(codec).decoder}) {
		p.forced = true
		switch {
		case own(p):
			p.anySize = true
			changed = append(changed, p)
		case p.device == nil && !slices.ContainsFunc(changed, func(c plan) bool { return own(c) && c.platform == p.platform }):
			p.system = encoder{factory: factory, property: "quality", value: "%d", best: 100}
			changed = append(changed, p)
		}
	}
	return changed
}

// addDecoder adds what turns access units of some caps, empty where they are not known, into raw pictures. A decoder by its name
// spares what decodebin puts around it: another parser, and a queue with its thread. ordered says that units come in the
// order in which they are shown.
func (p plan) addDecoder(g *gst.Pipeline, caps string, ordered bool) (first, last *gst.Element, err error) {
	if p.decoder == "" {
		made, err := g.Add(gst.Spec{Factory: "decodebin", Set: map[string]any{"force-sw-decoders": true}})
		if err != nil {
			return nil, nil, err
		}
		made[0].SystemMemoryOnly()
		return made[0], made[0], nil
	}
	p.platform.context.Share(g)
	made, err := g.Add(gst.Spec{Factory: p.decoder, May: p.platform.decoderProperties(ordered)})
	if err != nil {
		return nil, nil, err
	}
	decoder := made[0]
	parser := parsers[p.codec]
	if parser == "" || decoder.Takes(caps) {
		return decoder, decoder, nil
	}
	if made, err = g.Add(gst.Spec{Factory: parser}); err != nil {
		return nil, nil, err
	}
	return made[0], decoder, made[0].Link(decoder)
}

// parsers change the form of a codec's units, where a decoder wants another one than feeds give.
var parsers = map[string]string{
	"h264": "h264parse", "h265": "h265parse", "mpeg4": "mpeg4videoparse", "mjpeg": "jpegparse",
	"vp9": "vp9parse", "av1": "av1parse",
}

// addOutput adds the chain that makes one rendition of decoded pictures, and returns its two ends. Masks are
// painted right behind the scaler, before anything else sees the picture.
func (p plan) addOutput(g *gst.Pipeline, r frame.Rendition, masks []configs.Mask) (in, out *gst.Element, err error) {
	scale, err := g.Add(p.scale(r, masks)...)
	if err != nil {
		return nil, nil, err
	}
	scaled := scale[len(scale)-1]
	if len(masks) > 0 {
		gst.PaintMasks(scaled, gstMasks(masks))
	}
	finish, err := g.Add(p.finish(r, masks)...)
	if err != nil {
		return nil, nil, err
	}
	// A JPEG's range is full already, but nvjpegdec does not say so (1.26).
	if r.Format == frame.JPEG && !p.onDevice(r, masks) && p.decoder != "nvjpegdec" {
		gst.FullRange(finish[len(finish)-2])
	}
	if err := scaled.Link(finish[0]); err != nil {
		return nil, nil, err
	}
	return scale[0], finish[len(finish)-1], nil
}

// gstMasks are the masks of a configuration as package gst takes them.
func gstMasks(masks []configs.Mask) (all []gst.Mask) {
	for _, m := range masks {
		all = append(all, gst.Mask(m))
	}
	return all
}

// onDevice reports whether a rendition is encoded in the platform's memory. What has to be painted into or turned is
// brought into system memory, where masks and texts are the same for every platform.
func (p plan) onDevice(r frame.Rendition, masks []configs.Mask) bool {
	return p.device != nil && r.Format == frame.JPEG && r.Rotate == 0 && r.Overlay.Empty() && len(masks) == 0 &&
		(p.anySize || r.Width*r.Height >= p.device.least)
}

// scale is the chain that brings a picture to a rendition's size, before it is turned, and to where it is encoded.
func (p plan) scale(r frame.Rendition, masks []configs.Mask) []gst.Spec {
	width, height := r.Width, r.Height
	if r.Rotate%180 != 0 {
		width, height = height, width
	}
	scaler, memory := p.platform.scaler()
	chain := slices.Clone(scaler)
	switch {
	case p.onDevice(r, masks):
		return append(chain, raw(memory, p.device.format, width, height))
	case memory != "" && p.platform.download != "":
		chain = append(chain, raw(memory, "", width, height), gst.Spec{Factory: p.platform.download})
	default:
		chain = append(chain, raw("", "", width, height))
	}
	// videoconvert passes I420 through untouched, which is what most cameras come to, and turns 10 bit and other
	// formats after they were made small.
	return append(chain, gst.Spec{Factory: "videoconvert"}, raw("", "I420", width, height))
}

// raw is a capsfilter for pictures. In system memory their pixels are square.
func raw(memory, format string, width, height int) gst.Spec {
	caps := "video/x-raw"
	if memory != "" {
		caps += "(" + memory + ")"
	}
	if format != "" {
		caps += ", format=" + format
	}
	caps += fmt.Sprintf(", width=%d, height=%d", width, height)
	if memory == "" {
		caps += ", pixel-aspect-ratio=1/1"
	}
	return gst.Spec{Factory: "capsfilter", Set: map[string]any{"caps": gst.Arg(caps)}}
}

// turns is videoflip's name of each turn.
var turns = map[int]gst.Arg{90: "90r", 180: "180", 270: "90l"}

// finish is the chain that turns a scaled picture, writes on it and encodes it.
func (p plan) finish(r frame.Rendition, masks []configs.Mask) (chain []gst.Spec) {
	if r.Rotate != 0 {
		chain = append(chain, gst.Spec{Factory: "videoflip", Set: map[string]any{"video-direction": turns[r.Rotate]}})
	}
	if e, lacking := overlay(r); !r.Overlay.Empty() && lacking == "" {
		chain = append(chain, e)
	}
	switch {
	case r.Format == frame.PNG:
		chain = append(chain, gst.Spec{Factory: "videoconvert"}, gst.Spec{Factory: "pngenc"})
	case r.Format == frame.WebP:
		chain = append(chain, gst.Spec{Factory: "videoconvert"}, encoder{factory: "webpenc", property: "quality", value: "%d", best: 100}.element(r.Quality))
	case p.onDevice(r, masks):
		chain = append(chain, p.device.element(r.Quality))
	default:
		chain = append(chain, p.system.element(r.Quality))
	}
	return append(chain, gst.Spec{Factory: "appsink", Set: map[string]any{
		"sync": false, "async": false, "max-buffers": gst.Arg("2"), "enable-last-sample": false,
	}})
}

// element is the encoder at a quality of 1 to 100.
func (e encoder) element(quality int) gst.Spec {
	value := gst.Arg(strings.ReplaceAll(e.value, "%d", strconv.Itoa(min(quality, e.best))))
	return gst.Spec{Factory: e.factory, May: map[string]any{e.property: value}}
}

// overlay is the element that writes a rendition's text. lacking names it where this machine has not got it:
// then pictures come without text.
func overlay(r frame.Rendition) (e gst.Spec, lacking string) {
	o := r.Overlay
	vertical, horizontal, _ := strings.Cut(string(cmp.Or(o.Corner, frame.TopLeft)), "-")
	line := max(8, int(cmp.Or(o.Size, frame.DefaultTextSize)*float64(r.Height)))
	e = gst.Spec{Factory: "textoverlay", Set: map[string]any{
		"text":      html.EscapeString(strings.TrimSpace(o.Name + " " + o.Text)), // the element reads markup
		"font-desc": fmt.Sprintf("Sans %dpx", line), "auto-resize": false,
		"valignment": gst.Arg(vertical), "halignment": gst.Arg(horizontal),
		"xpad": line / 2, "ypad": line / 2, "shaded-background": true,
	}}
	if o.Time {
		e.Factory = "clockoverlay"
		e.Set["time-format"] = "%Y-%m-%d %H:%M:%S"
	}
	if len(gst.Missing(e.Factory)) > 0 {
		return e, e.Factory
	}
	return e, ""
}

// warnings are what this machine cannot do of the renditions.
func warnings(outputs []frame.Output) (all []string) {
	for _, out := range outputs {
		if out.Rendition.Overlay.Empty() {
			continue
		}
		if _, lacking := overlay(out.Rendition); lacking != "" {
			return []string{"pictures come without text: " + gst.MissingElement(lacking).Error()}
		}
	}
	return nil
}

// describe is the plan as it is shown, with the decoder that it came to use.
func (p plan) describe(decoder string) frame.Plan {
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
