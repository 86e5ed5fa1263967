package plan

import (
	"cmp"
	"fmt"
	"html"
	"maps"
	"strconv"
	"strings"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
)

// AddDecoder adds the elements that decode access units and returns their two ends. caps are those of the units, empty if they
// are not known. ordered says that units arrive in display order. Naming a decoder avoids what decodebin adds to it: another
// parser, and a queue with its own thread.
func (p Plan) AddDecoder(g *gst.Pipeline, caps string, ordered bool) (first, last *gst.Element, err error) {
	if p.decoder == "" {
		made, err := g.Add(gst.Spec{Factory: "decodebin", Set: map[string]any{"force-sw-decoders": true}})
		if err != nil {
			return nil, nil, err
		}
		made[0].SystemMemoryOnly()
		return made[0], made[0], nil
	}
	p.platform.context.Share(g)
	made, err := g.Add(gst.Spec{Factory: p.decoder, Optional: p.platform.decoderProperties(ordered)})
	if err != nil {
		return nil, nil, err
	}
	decoder := made[0]
	parser := parsers[p.codec]
	if parser == "" || decoder.Accepts(caps) {
		return decoder, decoder, nil
	}
	if made, err = g.Add(gst.Spec{Factory: parser}); err != nil {
		return nil, nil, err
	}
	return made[0], decoder, made[0].Link(decoder)
}

// WantsRoom reports whether the decoder gives pictures without delay only if units have been through unit.WithRoom.
func (p Plan) WantsRoom() bool { return p.platform.needsRoom && p.codec == "h264" }

// parsers change the form of units for a decoder that does not accept the form in which feeds give them.
var parsers = map[string]string{
	"h264": "h264parse", "h265": "h265parse", "mpeg4": "mpeg4videoparse", "mjpeg": "jpegparse",
	"vp9": "vp9parse", "av1": "av1parse",
}

// Camera is what all renditions of a camera have in common.
type Camera struct {
	Orientation frame.Orientation // of its pictures, before a rendition rotates them
	Masks       []configs.Mask
	// Width and Height are the size of its pictures before they are turned, in pixels. They are 0 if that is not known.
	Width, Height int
	Untagged      bool // its stream does not state by which matrix its colours were made
}

// AddOutput adds the chain that makes one rendition of decoded pictures, and returns its two ends. Masks are painted right
// after the scaler, before any other element gets the picture.
func (p Plan) AddOutput(g *gst.Pipeline, r frame.Rendition, of Camera) (in, out *gst.Element, err error) {
	scale, err := g.Add(p.scale(r, of)...)
	if err != nil {
		return nil, nil, err
	}
	scaled := scale[len(scale)-1]
	if len(of.Masks) > 0 {
		scaler, _ := p.platform.scaler()
		x, y := scaler.margin(size{of.Width, of.Height}, of.target(r))
		gst.PaintMasks(scaled, of.masksIn(r, x, y))
	}
	finish, err := g.Add(p.finish(r, of)...)
	if err != nil {
		return nil, nil, err
	}
	if err := scaled.Link(finish[0]); err != nil {
		return nil, nil, err
	}
	return scale[0], finish[len(finish)-1], nil
}

// masksIn has the masks where they are in the picture of a rendition before it is turned. They are larger by a margin on each side, in
// fractions of the camera's picture.
func (c Camera) masksIn(r frame.Rendition, marginX, marginY float64) (all []gst.Mask) {
	part := c.part(r)
	width, height := c.turn(r).Size(r.Width, r.Height)
	for _, m := range c.Masks {
		b := c.Orientation.CropBefore(frame.Crop{X: m.X, Y: m.Y, Width: m.Width, Height: m.Height})
		x, w := within(b.X-marginX, b.Width+2*marginX, part.X, part.Width, c.Width, width)
		y, h := within(b.Y-marginY, b.Height+2*marginY, part.Y, part.Height, c.Height, height)
		all = append(all, gst.Mask{X: x, Y: y, Width: w, Height: h})
	}
	return all
}

// within returns where a part of a side is in another part of it, as fractions of that. Where the camera's pixels are enlarged, it is
// longer by two of them at each end, since neighbours are mixed, and a sample of chroma is two pixels wide.
func within(from, length, outer, outerLength float64, pixels, made int) (float64, float64) {
	if shown := outerLength * float64(pixels); shown > 0 && shown < float64(made) {
		from, length = from-2/float64(pixels), length+4/float64(pixels)
	}
	return (from - outer) / outerLength, length / outerLength
}

// OnDevice reports whether a rendition is encoded in the memory of the platform. A picture with masks or text, or one
// that is turned or cropped, is copied into system memory first, where these are the same for every platform. So is one whose colours
// the device would convert by another matrix than the camera's.
func (p Plan) OnDevice(r frame.Rendition, of Camera) bool {
	return p.device != nil && r.Format == frame.JPEG && of.turn(r) == frame.Orientation{} && r.Crop.Whole() && r.Overlay.Empty() && len(of.Masks) == 0 &&
		(p.anySize || r.Width*r.Height >= p.device.least) && (!of.misread() || !p.converts())
}

// turn is how the camera's pictures are turned for a rendition.
func (c Camera) turn(r frame.Rendition) frame.Orientation { return c.Orientation.Rotated(r.Rotate) }

// part is the part of the camera's pictures that a rendition shows, before they are turned.
func (c Camera) part(r frame.Rendition) frame.Crop {
	if r.Crop.Whole() {
		return frame.Crop{Width: 1, Height: 1}
	}
	return c.turn(r).CropBefore(r.Crop)
}

// whole is the size of the whole picture of which the part for a rendition is cut: no larger than the camera's, if that is known.
func (c Camera) whole(r frame.Rendition) size {
	side := func(n, own int) int {
		if n += n % 2; own > 0 && n > own {
			return own
		}
		return n
	}
	width, height := c.Orientation.Size(r.SourceSize())
	return size{side(width, c.Width), side(height, c.Height)}
}

// target is the size to which a device scales the camera's pictures for a rendition, before they are turned.
func (c Camera) target(r frame.Rendition) size {
	if !r.Crop.Whole() {
		return c.whole(r)
	}
	width, height := c.turn(r).Size(r.Width, r.Height)
	return size{width, height}
}

// converts reports whether the scaler of the plan's device converts the camera's colours.
func (p Plan) converts() bool {
	scaler, _ := p.platform.scaler()
	return (scaler.converts || scaler.through != "") && p.codec != "mjpeg" // whose pictures have the colours of a JPEG, although nvjpegdec does not say so (1.26)
}

// misread reports whether GStreamer's elements take another matrix than framegate for the camera's pictures: where a stream states
// none, they take BT.709 above 576 lines and else BT.601, whatever the width (gst_video_info_set_format).
func (c Camera) misread() bool {
	taken := gst.Arg("bt601")
	if c.Height > 576 {
		taken = "bt709"
	}
	return c.Untagged && c.Width > 0 && c.matrix() != taken
}

// matrix is the usual one of pictures whose stream states none, as browsers and cameras have it. The size of the camera's pictures
// decides, not that to which a device has scaled them.
func (c Camera) matrix() gst.Arg {
	switch {
	case c.Width == 0:
		return "unknown"
	case c.Width < 1280 && c.Height < 720:
		return "bt601"
	}
	return "bt709"
}

// scale returns the chain that scales a picture to a rendition's size, before it is turned, and copies it to where it is
// encoded. What is scaled on a device is the whole picture: a crop is cut out of it in system memory.
func (p Plan) scale(r frame.Rendition, of Camera) []gst.Spec {
	width, height := of.turn(r).Size(r.Width, r.Height)
	scaler, memory := p.platform.scaler()
	from, to := size{of.Width, of.Height}, of.target(r)
	convert := p.converts() && !of.misread()
	if p.OnDevice(r, of) && !scaler.system {
		return scaler.scale(memory, p.device.format, from, to, convert)
	}
	var chain []gst.Spec
	switch {
	case scaler.system:
	case p.platform.download != "":
		chain = append(scaler.scale(memory, "", from, to, convert), gst.Spec{Factory: p.platform.download})
	default:
		chain = scaler.scale("", "", from, to, convert)
	}
	part := of.part(r)
	converted := convert && scaler.through != "" // its caps say so, and are right whatever the stream states
	finisher := gst.Spec{Factory: gst.Scaler, Set: map[string]any{
		"jpeg-colours": p.codec == "mjpeg", "untagged": of.Untagged && !converted, "matrix": of.matrix(),
		"limited": r.Format == frame.WebP || r.Format == frame.I420, // RFC 6386, 9.2; and as programs expect it
		"centred": !scaler.system,                                   // a device has moved the chroma by less
		"crop-x":  part.X, "crop-y": part.Y, "crop-width": part.Width, "crop-height": part.Height,
	}}
	return append(chain, finisher, raw("", "I420", width, height))
}

// raw returns a capsfilter for pictures. In system memory their pixels are square.
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

// directions has videoflip's name of each way to turn a picture.
var directions = map[frame.Orientation]gst.Arg{
	{Degrees: 90}: "90r", {Degrees: 180}: "180", {Degrees: 270}: "90l",
	{Mirrored: true}: "horiz", {Mirrored: true, Degrees: 90}: "ur-ll", {Mirrored: true, Degrees: 180}: "vert", {Mirrored: true, Degrees: 270}: "ul-lr",
}

// finish returns the chain that turns a scaled picture, writes text on it and encodes it, or packs its pixels.
func (p Plan) finish(r frame.Rendition, of Camera) (chain []gst.Spec) {
	if turn := of.turn(r); turn != (frame.Orientation{}) {
		chain = append(chain, gst.Spec{Factory: "videoflip", Set: map[string]any{"video-direction": directions[turn]}})
	}
	if e, lacking := overlay(r); !r.Overlay.Empty() && lacking == "" {
		chain = append(chain, e)
	}
	switch {
	case r.Format == frame.PNG:
		chain = append(chain, gst.Spec{Factory: "videoconvert"}, gst.Spec{Factory: "pngenc"})
	case r.Format == frame.WebP:
		webpenc := encoder{factory: "webpenc", property: "quality", value: "%d", best: 100}
		chain = append(chain, webpenc.element(r.Quality))
	case r.Format.Raw():
		chain = append(chain, gst.Spec{Factory: gst.Packer, Set: map[string]any{"format": string(r.Format)}})
	case p.OnDevice(r, of):
		chain = append(chain, p.device.element(r.Quality))
	default:
		chain = append(chain, p.system.element(r.Quality))
	}
	return append(chain, gst.Spec{Factory: "appsink", Set: map[string]any{
		"sync": false, "async": false, "max-buffers": gst.Arg("2"), "enable-last-sample": false,
	}})
}

// element returns the encoder with a quality of 1 to 100.
func (e encoder) element(quality int) gst.Spec {
	value := gst.Arg(strings.ReplaceAll(e.value, "%d", strconv.Itoa(min(quality, e.best))))
	properties := map[string]any{e.property: value}
	maps.Copy(properties, e.further)
	return gst.Spec{Factory: e.factory, Optional: properties}
}

// overlay returns the element that writes the text of a rendition. If this machine does not have it, pictures have no text and
// lacking is its name.
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

// Warnings says which parts of the renditions this machine cannot make.
func Warnings(outputs []frame.Output) (all []string) {
	for _, out := range outputs {
		if out.Rendition.Overlay.Empty() {
			continue
		}
		if _, lacking := overlay(out.Rendition); lacking != "" {
			return []string{"pictures have no text: " + gst.MissingElement(lacking).Error()}
		}
	}
	return nil
}
