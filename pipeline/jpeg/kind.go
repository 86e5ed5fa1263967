package jpeg

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"slices"

	"github.com/framegate/framegate/pipeline/frame"
)

// Unsupported names the kind of a picture that cannot be shown: no browser shows it, and neither libjpeg nor Go decodes it. It
// is empty for all other pictures.
func (h Header) Unsupported() string {
	f, err := h.components()
	switch {
	case h.mark == 0xC3 || h.mark == 0xCB:
		return "lossless JPEGs"
	case h.mark != 0xC0 && h.mark != 0xC1 && h.mark != 0xC2 && h.mark != 0xC9 && h.mark != 0xCA:
		return "hierarchical JPEGs"
	case h.frame[0] != 8:
		return fmt.Sprintf("JPEGs of %d bits a sample", h.frame[0])
	case err != nil:
		return "JPEGs with an impossible header"
	case len(f.components) == 2:
		return "JPEGs of two components"
	case h.Arithmetic() && h.Unusual():
		return "JPEGs with arithmetic coding and unusual sampling or colours"
	}
	return ""
}

// Arithmetic reports whether a picture is coded arithmetically: libjpeg decodes it, and browsers do not show it.
func (h Header) Arithmetic() bool { return h.mark > markJPG }

// Grey reports whether a picture has no colours.
func (h Header) Grey() bool { return h.frame[5] == 1 }

// Unusual reports whether a picture has colours or sampling for which GStreamer has no format. jpegdec refuses CMYK, and makes
// 4:1:1 and 4:1:0 green (seen with 1.22).
func (h Header) Unusual() bool {
	f, err := h.components()
	if err != nil {
		return true
	}
	c := f.components
	switch len(c) {
	case 1:
		return false
	case 3:
		return c[0].across != f.across || c[0].down != f.down || c[1].across != c[2].across || c[1].down != c[2].down ||
			!halved(f.across, c[1].across) || !halved(f.down, c[1].down)
	}
	return true
}

// halved reports whether a sampling factor is the largest one or half of it.
func halved(largest, factor int) bool { return largest == factor || largest == 2*factor }

// usualQuality is the JPEG quality of converted pictures, which are decoded and encoded once more.
const usualQuality = 95

// HeldBytes is about how many bytes a decoder of the picture takes: what it decodes to, which exists three times on its way, and the
// coefficients of one that has several scans.
func (h Header) HeldBytes() int64 {
	f, err := h.components()
	if err != nil {
		return 0
	}
	samples, bytes := 0.0, 3.0
	for _, c := range f.components {
		samples += float64(c.across*c.down) / float64(f.across*f.down)
	}
	if h.scans > 0 {
		bytes += 2
	}
	return int64(samples * bytes * float64(h.Width) * float64(h.Height))
}

// Usual converts an unusual picture to one that every decoder reads, which is 4:2:0 or grey. It fails for the kinds that Go does
// not decode, and for pictures of more than 16 megapixels.
func Usual(data []byte) ([]byte, error) {
	size, err := stdjpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if !worthDecoding(size.Width, size.Height, len(data)) {
		return nil, fmt.Errorf("%d bytes are too few for %dx%d, or the picture is too large to convert", len(data), size.Width, size.Height)
	}
	picture, err := stdjpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if inks, ok := picture.(*image.CMYK); ok {
		picture = mix(inks)
	}
	return Encode(picture, usualQuality)
}

// Encode makes a JPEG of a picture.
func Encode(picture image.Image, quality int) ([]byte, error) {
	var b bytes.Buffer
	err := stdjpeg.Encode(&b, picture, &stdjpeg.Options{Quality: quality})
	return slices.Clip(b.Bytes()), err
}

// mix converts inks to light.
func mix(inks *image.CMYK) *image.RGBA {
	mixed := image.NewRGBA(inks.Bounds())
	for i := 0; i+3 < len(inks.Pix); i += 4 {
		mixed.Pix[i], mixed.Pix[i+1], mixed.Pix[i+2] = color.CMYKToRGB(inks.Pix[i], inks.Pix[i+1], inks.Pix[i+2], inks.Pix[i+3])
		mixed.Pix[i+3] = 0xFF
	}
	return mixed
}

// Repairs says what Repaired does to a picture, each in a short sentence. It is empty for most.
func (h Header) Repairs() (all []string) {
	if h.start > 0 {
		all = append(all, "other bytes precede the JPEGs, which are skipped")
	}
	if h.stray {
		all = append(all, "segments of the JPEGs are longer than they say, or have bytes between them, which are left out")
	}
	if !h.huffman {
		all = append(all, "JPEGs have no Huffman tables, which are added")
	}
	if h.noEndMarker {
		all = append(all, "JPEGs have no end marker, which is added")
	}
	return all
}

// Oddity says what is unusual about the kind of a picture and explains what is shown of it, in a short sentence. It is empty for most.
func (h Header) Oddity() string {
	f, err := h.components()
	switch turned := h.Orientation; {
	case h.Arithmetic():
		return "JPEGs have arithmetic coding, so they are always decoded"
	case err == nil && len(f.components) == 4:
		return "JPEGs have CMYK colours, so they are converted before they are decoded"
	case h.Unusual():
		return "JPEGs have unusual sampling, so they are converted before they are decoded"
	case turned != frame.Orientation{}:
		text := fmt.Sprintf("the Exif data of the JPEGs says that they are to be turned by %d degrees", turned.Degrees)
		if turned.Mirrored {
			text += " and mirrored"
		}
		return text + ", so they are always decoded"
	}
	return ""
}
