package jpeg

import (
	"bytes"
	"slices"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

// withSegment puts a segment behind the start of a picture.
func withSegment(data []byte, mark byte, content string) []byte {
	length := len(content) + 2
	return slices.Concat(data[:2], []byte{0xFF, mark, byte(length >> 8), byte(length)}, []byte(content), data[2:])
}

// page is what a camera wants browsers to take for a part of framegate's stream.
const page = "\r\n--frame\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>"

func TestSegmentsThatNobodyNeedsAreLeftOut(t *testing.T) {
	whole := encodeJPEG(t, 64, 48)
	for name, data := range map[string][]byte{
		"comment":                 withSegment(whole, markCOM, page),
		"Exif":                    withSegment(whole, markAPP1, "Exif\x00\x00"+page),
		"JFIF's extension":        withSegment(whole, markAPP0, "JFXX\x00"+page),
		"a maker's, with ICC's":   withSegment(whole, markAPP2, page),
		"a maker's, with Adobe's": withSegment(whole, markAPPE, page),
		"a maker's":               withSegment(whole, markAPPF, page),
		"several":                 withSegment(withSegment(whole, markCOM, page), markCOM, page),
		"behind other bytes":      slices.Concat([]byte("x"), withSegment(whole, markCOM, page), []byte{0, 0}),
	} {
		h, err := Read(data)
		if err != nil || !bytes.Equal(h.Repaired(data), whole) {
			t.Errorf("%s: %+v %v", name, h, err)
		}
		if repairs := h.Repairs(); len(repairs) > 0 && h.start == 0 {
			t.Errorf("%s: %v, which is no fault of the camera", name, repairs)
		}
	}
}

func TestSegmentsThatColoursNeedStay(t *testing.T) {
	data := encodeJPEG(t, 64, 48)
	data = withSegment(data, markAPPE, "Adobe\x00\x64\x00\x00\x00\x00\x01")
	data = withSegment(data, markAPP2, "ICC_PROFILE\x00\x01\x01profile")
	data = withSegment(data, markAPP0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
	h, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.Repaired(data); !bytes.Equal(got, data) || &got[0] != &data[0] {
		t.Error("the picture was changed or copied")
	}
}

func TestOrientationIsReadBeforeItsSegmentIsLeftOut(t *testing.T) {
	turned := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
	data := withSegment(encodeJPEG(t, 64, 48), markAPP1, turned)
	h, err := Read(data)
	if err != nil || h.Orientation != (frame.Orientation{Degrees: 90}) || bytes.Contains(h.Repaired(data), []byte("Exif")) {
		t.Errorf("%+v %v", h, err)
	}
}
