package pipeline

import (
	"cmp"
	"fmt"
	"html"
	"strconv"
	"strings"

	"framegate/configs"
	"framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
)

// plan is a complete chain from access units to JPEG.
type plan struct {
	name     string
	decoders map[string]string // by codec; decodebin finds one for what is not here, or not installed
	scale    []element         // to a size given by the caps that follow
	encoder  string
	property string // of the encoder, for JPEG quality 1 to 100
}

// software is the plan that every machine has. videoconvert passes I420 through untouched, which is what most
// cameras come to, and turns 10 bit and other formats after they were made small.
var software = plan{
	name: "software",
	decoders: map[string]string{
		"h264": "avdec_h264", "h265": "avdec_h265", "mpeg4": "avdec_mpeg4", "mjpeg": "jpegdec",
		"vp8": "vp8dec", "vp9": "vp9dec", "av1": "dav1ddec",
	},
	scale: []element{
		{"videoscale", map[string]any{"add-borders": false}},
		{"videoconvert", nil},
	},
	encoder:  "jpegenc",
	property: "quality",
}

// passThrough is the plan of pictures that are served as the camera sent them.
const passThrough = "pass-through"

// addDecoder adds an element that turns access units of a codec into raw pictures. A decoder by its name
// spares what decodebin puts around it: another parser, and a queue with its thread.
func (p plan) addDecoder(g *graph, codec string) (*gst.Element, error) {
	factory, ok := p.decoders[codec]
	if ok && len(missing(factory)) == 0 {
		made, err := g.add(element{factory: factory})
		if err != nil {
			return nil, err
		}
		return made[0], nil
	}
	made, err := g.add(element{"decodebin", map[string]any{"force-sw-decoders": true}})
	if err != nil {
		return nil, err
	}
	systemMemoryOnly(made[0])
	return made[0], nil
}

// link links two elements, later where the first one's pad comes late.
func link(from, to *gst.Element) error {
	if from.GetStaticPad("src") == nil {
		linkLater(from, to)
		return nil
	}
	return from.Link(to)
}

// addOutput adds the chain that makes one rendition of decoded pictures, and returns its two ends. Masks are
// painted right behind the scaler, before anything else sees the picture.
func (p plan) addOutput(g *graph, r frame.Rendition, masks []configs.Mask) (in, out *gst.Element, err error) {
	scale, err := g.add(p.scaler(r)...)
	if err != nil {
		return nil, nil, err
	}
	scaled := scale[len(scale)-1]
	if len(masks) > 0 {
		paintMasks(scaled.GetStaticPad("src"), masks)
	}
	finish, err := g.add(p.finish(r)...)
	if err != nil {
		return nil, nil, err
	}
	if r.Format == frame.JPEG {
		fullRange(finish[len(finish)-2].GetStaticPad("sink"))
	}
	if err := scaled.Link(finish[0]); err != nil {
		return nil, nil, err
	}
	return scale[0], finish[len(finish)-1], nil
}

// scaler is the chain that brings a picture to a rendition's size, before it is turned.
func (p plan) scaler(r frame.Rendition) []element {
	width, height := r.Width, r.Height
	if r.Turn%180 != 0 {
		width, height = height, width
	}
	caps := fmt.Sprintf("video/x-raw, format=I420, width=%d, height=%d, pixel-aspect-ratio=1/1", width, height)
	return append(append([]element(nil), p.scale...), element{"capsfilter", map[string]any{"caps": arg(caps)}})
}

// turns is videoflip's name of each turn.
var turns = map[int]arg{90: "90r", 180: "180", 270: "90l"}

// finish is the chain that turns a scaled picture, writes on it and encodes it.
func (p plan) finish(r frame.Rendition) (chain []element) {
	if r.Turn != 0 {
		chain = append(chain, element{"videoflip", map[string]any{"video-direction": turns[r.Turn]}})
	}
	if e, lacking := overlay(r); !r.Overlay.Empty() && lacking == "" {
		chain = append(chain, e)
	}
	switch r.Format {
	case frame.PNG:
		chain = append(chain, element{"videoconvert", nil}, element{"pngenc", nil})
	case frame.WebP:
		chain = append(chain, element{"videoconvert", nil}, element{"webpenc", map[string]any{"quality": arg(strconv.Itoa(r.Quality))}})
	default:
		chain = append(chain, element{p.encoder, map[string]any{p.property: arg(strconv.Itoa(r.Quality))}})
	}
	return append(chain, element{"appsink", map[string]any{
		"sync": false, "async": false, "max-buffers": arg("2"), "enable-last-sample": false,
	}})
}

// overlay is the element that writes a rendition's text. lacking names it where this machine has not got it:
// then pictures come without text.
func overlay(r frame.Rendition) (e element, lacking string) {
	o := r.Overlay
	vertical, horizontal, _ := strings.Cut(string(cmp.Or(o.Corner, frame.TopLeft)), "-")
	line := max(8, int(cmp.Or(o.Size, frame.DefaultTextSize)*float64(r.Height)))
	e = element{"textoverlay", map[string]any{
		"text":      html.EscapeString(strings.TrimSpace(o.Name + " " + o.Text)), // the element reads markup
		"font-desc": fmt.Sprintf("Sans %dpx", line), "auto-resize": false,
		"valignment": arg(vertical), "halignment": arg(horizontal),
		"xpad": line / 2, "ypad": line / 2, "shaded-background": true,
	}}
	if o.Time {
		e.factory = "clockoverlay"
		e.set["time-format"] = "%Y-%m-%d %H:%M:%S"
	}
	if len(missing(e.factory)) > 0 {
		return e, e.factory
	}
	return e, ""
}

// warnings tell what of the renditions this machine cannot do.
func warnings(outputs []frame.Output) (all []string) {
	for _, out := range outputs {
		if out.Rendition.Overlay.Empty() {
			continue
		}
		if _, lacking := overlay(out.Rendition); lacking != "" {
			return []string{"pictures come without text: " + missingElement(lacking).Error()}
		}
	}
	return nil
}

// describe tells the plan with the decoder that it came to use.
func (p plan) describe(decoder string, hardware bool) *frame.Plan {
	return &frame.Plan{Name: p.name, Hardware: hardware, Decoder: decoder, Scaler: p.scale[0].factory, Encoder: p.encoder}
}
