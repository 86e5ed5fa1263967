package loop

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtp"
)

// Codec is a video codec by its short name.
type Codec string

// The codecs that a camera can send.
const (
	H264  Codec = "h264"
	H265  Codec = "h265"
	MJPEG Codec = "mjpeg"
	MPEG4 Codec = "mpeg4"
	VP8   Codec = "vp8"
	VP9   Codec = "vp9"
	AV1   Codec = "av1"
)

// Known reports whether there is such a codec.
func (c Codec) Known() bool { return codecs[c].encoder != nil }

// CodecNames lists the codecs for a message.
func CodecNames() string {
	var names []string
	for name := range codecs {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// packetizer cuts one access unit into RTP packets.
type packetizer func(au []byte) ([]*rtp.Packet, error)

// codec says how video is encoded and sent over RTP in one codec.
type codec struct {
	pkg string // Debian package of the encoder
	// encoder returns the part of a GStreamer pipeline from raw pictures to access units.
	encoder func(Spec) string
	// open makes the description and the packetizer for a loop that begins with key.
	open func(key []byte) (format.Format, packetizer, error)
}

var codecs = map[Codec]codec{
	H264: {"gstreamer1.0-plugins-ugly", func(s Spec) string {
		tune := "tune=zerolatency"
		if s.BFrames > 0 {
			tune = "sliced-threads=true"
		}
		return fmt.Sprintf("x264enc %s speed-preset=superfast bitrate=%d key-int-max=%d bframes=%d intra-refresh=%t option-string=scenecut=0:open-gop=0 ! "+
			"capsfilter caps=video/x-h264,stream-format=byte-stream,alignment=au", tune, s.Bitrate, s.Interval, s.BFrames, s.IntraRefresh)
	}, openH264},
	H265: {"gstreamer1.0-plugins-bad", func(s Spec) string {
		refresh := ""
		if s.IntraRefresh {
			refresh = ":intra-refresh=1"
		}
		return fmt.Sprintf("x265enc tune=zerolatency speed-preset=ultrafast bitrate=%d key-int-max=%d option-string=scenecut=0:open-gop=0:log-level=none%s ! "+
			"capsfilter caps=video/x-h265,stream-format=byte-stream,alignment=au", s.Bitrate, s.Interval, refresh)
	}, openH265},
	MJPEG: {"gstreamer1.0-plugins-good", func(Spec) string { return "jpegenc quality=80" }, openMJPEG},
	MPEG4: {"gstreamer1.0-libav", func(s Spec) string {
		return fmt.Sprintf("avenc_mpeg4 bitrate=%d gop-size=%d ! mpeg4videoparse config-interval=-1", s.Bitrate*1000, s.Interval)
	}, openMPEG4},
	VP8: {"gstreamer1.0-plugins-good", func(s Spec) string {
		return fmt.Sprintf("vp8enc deadline=1 cpu-used=8 target-bitrate=%d keyframe-max-dist=%d", s.Bitrate*1000, s.Interval)
	}, openVP8},
	VP9: {"gstreamer1.0-plugins-good", func(s Spec) string {
		return fmt.Sprintf("vp9enc deadline=1 cpu-used=8 target-bitrate=%d keyframe-max-dist=%d", s.Bitrate*1000, s.Interval)
	}, openVP9},
	AV1: {"gstreamer1.0-plugins-bad", func(s Spec) string {
		return fmt.Sprintf("av1enc usage-profile=realtime cpu-used=8 target-bitrate=%d keyframe-max-dist=%d ! "+
			"capsfilter caps=video/x-av1,stream-format=obu-stream,alignment=tu", s.Bitrate, s.Interval)
	}, openAV1},
}

// PayloadType is the RTP payload type of all codecs but MJPEG, whose type is static.
const PayloadType = 96

func openH264(key []byte) (format.Format, packetizer, error) {
	nalus, err := annexB(key)
	if err != nil {
		return nil, nil, err
	}
	f := &format.H264{PayloadTyp: PayloadType, PacketizationMode: 1}
	for _, n := range nalus {
		switch h264.NALUType(n[0] & 0x1F) {
		case h264.NALUTypeSPS:
			f.SPS = n
		case h264.NALUTypePPS:
			f.PPS = n
		}
	}
	enc, err := f.CreateEncoder()
	return f, byNALUnits(enc), err
}

func openH265(key []byte) (format.Format, packetizer, error) {
	nalus, err := annexB(key)
	if err != nil {
		return nil, nil, err
	}
	f := &format.H265{PayloadTyp: PayloadType}
	for _, n := range nalus {
		switch n[0] >> 1 & 0x3F { // nal_unit_type of ITU-T H.265, table 7-1
		case 32:
			f.VPS = n
		case 33:
			f.SPS = n
		case 34:
			f.PPS = n
		}
	}
	enc, err := f.CreateEncoder()
	return f, byNALUnits(enc), err
}

// byNALUnits packetizes access units of H.264 or H.265.
func byNALUnits(enc interface {
	Encode([][]byte) ([]*rtp.Packet, error)
}) packetizer {
	return func(au []byte) ([]*rtp.Packet, error) {
		nalus, err := annexB(au)
		if err != nil {
			return nil, err
		}
		return enc.Encode(nalus)
	}
}

// annexB cuts an access unit of H.264 or H.265 into NAL units.
func annexB(au []byte) ([][]byte, error) {
	var nalus h264.AnnexB
	err := nalus.Unmarshal(au)
	return nalus, err
}

func openMJPEG([]byte) (format.Format, packetizer, error) {
	f := &format.MJPEG{}
	enc, err := f.CreateEncoder()
	return f, enc.Encode, err
}

func openMPEG4(key []byte) (format.Format, packetizer, error) {
	// The headers before the first picture are the configuration: a VOP begins with 00 00 01 B6 and a
	// group of them with 00 00 01 B3 (ISO/IEC 14496-2, 6.3.1).
	end := len(key)
	for _, start := range [][]byte{{0, 0, 1, 0xB6}, {0, 0, 1, 0xB3}} {
		if i := bytes.Index(key, start); i >= 0 {
			end = min(end, i)
		}
	}
	if end == len(key) {
		return nil, nil, errors.New("the first picture has no header")
	}
	f := &format.MPEG4Video{PayloadTyp: PayloadType, ProfileLevelID: 1, Config: key[:end]}
	enc, err := f.CreateEncoder()
	return f, enc.Encode, err
}

func openVP8([]byte) (format.Format, packetizer, error) {
	f := &format.VP8{PayloadTyp: PayloadType}
	enc, err := f.CreateEncoder()
	return f, enc.Encode, err
}

func openVP9([]byte) (format.Format, packetizer, error) {
	f := &format.VP9{PayloadTyp: PayloadType}
	enc, err := f.CreateEncoder()
	return f, enc.Encode, err
}

func openAV1([]byte) (format.Format, packetizer, error) {
	f := &format.AV1{PayloadTyp: PayloadType}
	enc, err := f.CreateEncoder()
	return f, func(au []byte) ([]*rtp.Packet, error) {
		var unit av1.Bitstream
		if err := unit.Unmarshal(au); err != nil {
			return nil, err
		}
		return enc.Encode(unit)
	}, err
}
