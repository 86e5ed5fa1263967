package unit

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/framegate/framegate/pipeline/frame"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// What a decoder may be asked to hold: pictures of the largest size that level 6.2 of H.264 and H.265 allows, such as 8192x4320, and
// eight of that size at a time in 4:2:0, with up to 16 bits.
const (
	maxVideoArea = 34 << 20         // pixels
	maxHeldArea  = 8 * maxVideoArea // pixels
	maxHeld      = maxHeldArea * 3  // bytes of pictures: 850 MB, half of them with 8 bits
)

// claim is how much memory a sequence parameter set makes a decoder take: the size of a picture, and how many it keeps, since later
// ones refer to them or are shown before them. The zero claim claims nothing.
type claim struct {
	width, height, kept int
	pair                int  // bytes of two pixels; 0 stands for 3, those of 4:2:0 with 8 bits
	libav               bool // a decoder of libav is given it, if it is one in software
}

// pairOf is how many bytes two pixels take, by chroma_format_idc and the bits of a sample.
func pairOf(chroma, bits uint32) int {
	bytes := []int{2, 3, 4, 6}[min(chroma, 3)]
	if bits > 8 {
		bytes *= 2
	}
	return bytes
}

// pictureBytes is how many bytes a picture takes.
func (c claim) pictureBytes() int64 {
	return int64(c.width) * int64(c.height) * int64(cmp.Or(c.pair, 3)) / 2
}

// excess says what a decoder cannot be given, empty if it can.
func (c claim) excess() string {
	area := int64(c.width) * int64(c.height)
	switch {
	case area > maxVideoArea:
		return fmt.Sprintf("video of %dx%d pixels, more than 8192x4320", c.width, c.height)
	case area*int64(c.kept) > maxHeldArea || c.pictureBytes()*int64(c.kept) > maxHeld:
		return fmt.Sprintf("video of %dx%d pixels whose decoder has to keep %d pictures, which take more than eight of 8192x4320", c.width, c.height, c.kept)
	}
	return ""
}

// held is how many bytes a decoder takes that is given the claim: the pictures that it keeps, and few more that are on their way. One of
// libav keeps the motion of each picture too, and GStreamer keeps its own copy as long (1.22.0: 30 MB for each reference of
// 3840x2160 in 4:2:0, and 2 times as much besides).
func (c claim) held() int64 {
	if c.libav {
		return c.pictureBytes() * 5 / 2 * int64(c.kept+2)
	}
	return c.pictureBytes() * int64(c.kept+spare)
}

// spare is how many pictures a pipeline has besides those that its decoder keeps.
const spare = 4

// HeldBytes is about how many bytes one decoder of a stream takes. claimed is what its parameter sets or the headers of its JPEGs claim, 0 if
// there are none.
func HeldBytes(s frame.Stream, claimed int64) int64 {
	switch {
	case claimed > 0:
		return claimed
	case s.Codec == "raw":
		return claim{width: s.Width, height: s.Height}.held()
	}
	return claim{width: s.Width, height: s.Height, kept: keptOfVP9}.held() // AV1 too; others keep fewer
}

// Excess says what is too large about a stream whose pictures refer to each other, empty if nothing is. It checks the area only:
// decoders of VP9 and AV1 keep eight pictures, which are permitted at every size in 4:2:0.
func Excess(s frame.Stream) string {
	if s.Codec == "mjpeg" || s.Codec == "raw" {
		return ""
	}
	return claim{width: s.Width, height: s.Height, kept: 1}.excess()
}

// maxSets is the largest number of a sequence parameter set: 31 in H.264, 15 in H.265.
const maxSets = 31

// maxKept bounds what a parameter set may state: no decoder keeps more.
const maxKept = 32

// claimOfH264 reads a sequence parameter set, whose number is id; false if that makes no sense.
func claimOfH264(sps []byte) (c claim, id int, ok bool) {
	var s h264.SPS
	if s.Unmarshal(sps) != nil {
		return claim{}, 0, false
	}
	kept := s.MaxNumRefFrames
	switch {
	case s.VUI != nil && s.VUI.BitstreamRestriction != nil:
		kept = max(kept, s.VUI.BitstreamRestriction.MaxDecFrameBuffering, s.VUI.BitstreamRestriction.MaxNumReorderFrames)
	case s.LevelIdc > 52: // libav takes the number from a level that it knows (5.1), and else the largest
		kept = max(kept, 16)
	}
	// Before it is cropped.
	width, height := 16*(int(min(s.PicWidthInMbsMinus1, 1<<16))+1), 16*(int(min(s.PicHeightInMapUnitsMinus1, 1<<16))+1)
	if !s.FrameMbsOnlyFlag {
		height *= 2
	}
	return claim{width, height, int(min(kept, maxKept)), pairOf(s.ChromaFormatIdc, 8+max(s.BitDepthLumaMinus8, s.BitDepthChromaMinus8)), true}, int(min(s.ID, maxSets)), true
}

// claimOfH265 is the same for H.265.
func claimOfH265(sps []byte) (c claim, id int, ok bool) {
	var s h265.SPS
	if s.Unmarshal(sps) != nil {
		return claim{}, 0, false
	}
	kept := uint32(0)
	if len(s.MaxDecPicBufferingMinus1) > 0 {
		kept = min(slices.Max(s.MaxDecPicBufferingMinus1), maxKept) + 1
	}
	return claim{int(min(s.PicWidthInLumaSamples, 1<<20)), int(min(s.PicHeightInLumaSamples, 1<<20)), int(kept),
		pairOf(s.ChromaFormatIdc, 8+max(s.BitDepthLumaMinus8, s.BitDepthChromaMinus8)), true}, int(min(s.ID, maxSets)), true
}
