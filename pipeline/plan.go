package pipeline

import (
	"strconv"

	"framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
)

// plan is a complete chain from access units to JPEG.
type plan struct {
	name     string
	decode   []element // from access units to raw pictures; the first one's source pad may come late
	scale    []element // to a size given by the caps that follow
	encoder  string
	property string // of the encoder, for JPEG quality 1 to 100
}

// software is the plan that every machine has. videoconvert passes what jpegenc takes, such as I420,
// through untouched, and turns 10 bit and other formats after they were made small.
var software = plan{
	name:   "software",
	decode: []element{{"decodebin", map[string]any{"force-sw-decoders": true}}},
	scale: []element{
		{"videoscale", map[string]any{"add-borders": false}},
		{"videoconvert", nil},
	},
	encoder:  "jpegenc",
	property: "quality",
}

// addDecoder adds the decoding part of the plan, behind other elements of the same chain.
func (p plan) addDecoder(g *graph, before ...element) ([]*gst.Element, error) {
	chain := append(before, p.decode...)
	made, err := g.add(chain...)
	if err != nil {
		return nil, err
	}
	for i, e := range made {
		if chain[i].factory == "decodebin" {
			systemMemoryOnly(e)
		}
	}
	return made, nil
}

// output is the chain that makes one rendition of decoded pictures.
func (p plan) output(r frame.Rendition) []element {
	size := "video/x-raw, width=" + strconv.Itoa(r.Width) + ", height=" + strconv.Itoa(r.Height) + ", pixel-aspect-ratio=1/1"
	chain := append([]element(nil), p.scale...)
	return append(chain,
		element{"capsfilter", map[string]any{"caps": arg(size)}},
		element{p.encoder, map[string]any{p.property: arg(strconv.Itoa(r.Quality))}},
		element{"appsink", map[string]any{"sync": false, "async": false, "max-buffers": arg("2"), "enable-last-sample": false}},
	)
}

// describe tells the plan with the decoder that it came to use.
func (p plan) describe(decoder string, hardware bool) *frame.Plan {
	return &frame.Plan{Name: p.name, Hardware: hardware, Decoder: decoder, Scaler: p.scale[0].factory, Encoder: p.encoder}
}
