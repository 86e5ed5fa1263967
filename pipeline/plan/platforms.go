package plan

import (
	"maps"
	"slices"

	"github.com/framegate/framegate/pipeline/gst"
)

// platform is a kind of hardware that makes pictures. All that framegate knows about each kind is in the table below.
type platform struct {
	name  string
	title string
	// decoders has the factories of each codec, the preferred one first: names differ between versions of GStreamer.
	decoders map[string][]string
	// properties are set on decoders that have them.
	properties map[string]any
	// inOrder has further properties for streams without B-frames, whose units arrive in display order.
	inOrder map[string]any
	// needsRoom says that a decoder of H.264 keeps a picture back if its buffer is full: see unit.WithRoom.
	needsRoom bool
	// memory is the caps feature of pictures on the device; empty if they are in system memory.
	memory string
	// scalers scale and convert on the device, or in system memory. The first one that is installed is used.
	scalers []scaler
	// download copies pictures into system memory; empty if the scaler itself can.
	download string
	// encoders make JPEGs of what the scaler gives, the preferred one first.
	encoders []encoder
	// context is what pipelines of the device share. starts lets a few of them begin at a time.
	context gst.Context
	starts  starts
	// nodes are the device files. They serve only to say why no plan works: whether one does is found out by proving it.
	nodes []string
	// These say what to do: packages if elements are missing, absent and closed if nodes are missing or may not be opened, and
	// unscaled if the platform works but its scaler is missing.
	packages, absent, closed, unscaled string
}

// encoder makes JPEGs.
type encoder struct {
	factory  string
	format   string // of its input
	property string // for the quality
	value    string // of the property, where %d is a quality of 1 to best
	best     int
	further  map[string]any // properties that are set if the encoder has them
	// least is the smallest picture, in pixels, for which the encoder is used. Smaller pictures are encoded in system memory,
	// since they are not worth the start of the encoder. 0 means all pictures.
	least int
}

// accurate selects libjpeg's exact cosine transform. GStreamer's default is a coarse one, which is hardly faster: see
// docs/notes/scaling.md.
const accurate = gst.Arg("islow")

var jpegenc = encoder{
	factory: "jpegenc", format: "I420", property: "quality", value: "%d", best: 100,
	further: map[string]any{"idct-method": accurate},
}

// flexible is for the stateless H.264 decoders of GStreamer, which otherwise keep a picture back until the next one arrives.
var flexible = map[string]any{"compliance": gst.Arg("flexible")}

// software works on every machine. It is the last of the table.
var software = &platform{
	name: "software", title: "any processor",
	decoders: map[string][]string{
		"h264": {"avdec_h264", "openh264dec"}, "h265": {"avdec_h265", "libde265dec"}, "mpeg4": {"avdec_mpeg4"},
		"mjpeg": {"jpegdec"}, "vp8": {"vp8dec"}, "vp9": {"vp9dec"}, "av1": {"dav1ddec", "av1dec"},
	},
	// GStreamer before 1.22 gives up after ten broken units in a row, and no other plan could take over.
	properties: map[string]any{"max-errors": gst.Arg("-1"), "idct-method": accurate},
	scalers:    []scaler{inSystemMemory},
	packages:   "gstreamer1.0-libav, gstreamer1.0-plugins-base, gstreamer1.0-plugins-good, gstreamer1.0-plugins-bad",
}

// platforms are the kinds of hardware, in the order in which they are tried. docs/notes/platforms.md says where each name was
// looked up and which names could not be. Only the plans of NVIDIA's cards have been run on their hardware so far.
var platforms = []*platform{
	// nvv4l2decoder has disable-dpb on a Jetson and low-latency-mode on the server platform, which Thor follows: both give
	// pictures in the order of decoding. mjpeg is for cameras that send JPEGs. Two properties that seem made for low rates are
	// left alone. drop-frame-interval drops pictures after they were decoded, as the gate does. But it counts pictures, while
	// the gate looks at their times: a camera that slows down at night would give too few, a low rate would look like a decoder
	// that hangs, and older versions give the remaining pictures wrong times. skip-frames skips units that framegate does not
	// even send, and would drop the units that flush a single keyframe out of the decoder.
	{
		name: "jetson", title: "NVIDIA Jetson",
		decoders: map[string][]string{
			"h264": {"nvv4l2decoder"}, "h265": {"nvv4l2decoder"}, "vp8": {"nvv4l2decoder"}, "vp9": {"nvv4l2decoder"},
			"av1": {"nvv4l2decoder"}, "mpeg4": {"nvv4l2decoder"}, "mjpeg": {"nvv4l2decoder", "nvjpegdec"},
		},
		properties: map[string]any{"enable-max-performance": gst.Arg("true"), "mjpeg": gst.Arg("true")},
		inOrder:    map[string]any{"disable-dpb": gst.Arg("true"), "low-latency-mode": gst.Arg("true")},
		memory:     "memory:NVMM",
		scalers:    []scaler{chain("nvvidconv"), chain("nvvideoconvert")},
		encoders:   []encoder{{factory: "nvjpegenc", format: "I420", property: "quality", value: "%d", best: 100}},
		nodes:      []string{"/dev/nvhost-nvdec", "/dev/v4l2-nvdec"},
		packages:   "nvidia-l4t-gstreamer",
		absent:     "on a Jetson run the container with --runtime nvidia",
		closed:     "add the user to the group video",
	},
	// Decoding needs the driver only. GStreamer scales with kernels that it compiles with libnvrtc, and encodes with libnvjpeg,
	// both of CUDA. Without these the decoder itself copies pictures into system memory. The kernels take 2x2 pixels, and convert
	// the matrix of colours only between YUV and RGB (1.26). nvjpegenc takes long to open: 0.27 s on an H200, where it saved
	// nothing at 480x270 and three quarters of the processor time at 1920x1080.
	{
		name: "nvidia", title: "NVIDIA graphics card",
		decoders: map[string][]string{
			"h264": {"nvh264dec", "nvh264sldec"}, "h265": {"nvh265dec", "nvh265sldec"}, "vp8": {"nvvp8dec", "nvvp8sldec"},
			"vp9": {"nvvp9dec", "nvvp9sldec"}, "av1": {"nvav1dec"}, "mpeg4": {"nvmpeg4videodec"}, "mjpeg": {"nvjpegdec"},
		},
		properties: map[string]any{"max-display-delay": gst.Arg("0")},
		inOrder:    flexible,
		needsRoom:  true,
		memory:     "memory:CUDAMemory",
		scalers: []scaler{
			{elements: elementsOf("cudaconvertscale"), halves: true, reach: 2, through: "RGBA"},
			{elements: elementsOf("cudaconvert", "cudascale"), halves: true, reach: 2},
			inSystemMemory,
		},
		download: "cudadownload",
		context:  gst.Context{Kind: "gst.cuda.context"},
		encoders: []encoder{{factory: "nvjpegenc", format: "I420", property: "quality", value: "%d", best: 100, least: 640 * 480}},
		nodes:    []string{"/dev/nvidia0", "/dev/nvidiactl"},
		packages: "gstreamer1.0-plugins-bad, and the driver of NVIDIA with libnvcuvid; libnvrtc and libnvjpeg of CUDA for the whole plan",
		absent:   "install NVIDIA's driver; run a container with --gpus all and NVIDIA_DRIVER_CAPABILITIES=compute,video,utility",
		closed:   "add the user to the group video",
		unscaled: "install libnvrtc of CUDA 12: GStreamer up to 1.26 cannot use that of CUDA 13; GST_CUDA_NVRTC_LIBNAME names it where it is not found",
	},
	{
		name: "va", title: "Intel and AMD graphics, by VA-API",
		decoders: map[string][]string{
			"h264": {"vah264dec"}, "h265": {"vah265dec"}, "vp8": {"vavp8dec"}, "vp9": {"vavp9dec"}, "av1": {"vaav1dec"},
			"mjpeg": {"vajpegdec"},
		},
		inOrder:   flexible,
		needsRoom: true,
		memory:    "memory:VAMemory",
		scalers:   []scaler{{elements: elementsOf("vapostproc"), reach: tenTaps, converts: true}},
		encoders:  []encoder{{factory: "vajpegenc", format: "NV12", property: "quality", value: "%d", best: 100}},
		nodes:     []string{"/dev/dri/renderD128", "/dev/dri/renderD129"},
		packages:  "gstreamer1.0-plugins-bad, and a driver: intel-media-va-driver or mesa-va-drivers",
		absent:    "run a container with --device /dev/dri",
		closed:    "add the user to the group render",
	},
	{
		name: "qsv", title: "Intel Quick Sync",
		decoders: map[string][]string{
			"h264": {"qsvh264dec"}, "h265": {"qsvh265dec"}, "vp9": {"qsvvp9dec"}, "av1": {"qsvav1dec"}, "mjpeg": {"qsvjpegdec"},
		},
		memory:   "memory:VAMemory",
		scalers:  []scaler{{elements: elementsOf("vapostproc"), reach: tenTaps, converts: true}},
		encoders: []encoder{{factory: "qsvjpegenc", format: "NV12", property: "quality", value: "%d", best: 100}},
		nodes:    []string{"/dev/dri/renderD128", "/dev/dri/renderD129"},
		packages: "gstreamer1.0-plugins-bad, intel-media-va-driver, libmfx-gen1.2 or libvpl2",
		absent:   "run a container with --device /dev/dri",
		closed:   "add the user to the group render",
	},
	{
		name: "raspberrypi", title: "Raspberry Pi and others with stateful V4L2 codecs",
		decoders: map[string][]string{
			"h264": {"v4l2h264dec"}, "h265": {"v4l2h265dec"}, "vp8": {"v4l2vp8dec"}, "vp9": {"v4l2vp9dec"},
			"mpeg4": {"v4l2mpeg4dec"}, "mjpeg": {"v4l2jpegdec"},
		},
		scalers:  []scaler{chain("v4l2convert"), inSystemMemory},
		encoders: []encoder{{factory: "v4l2jpegenc", format: "I420", property: "extra-controls", value: "controls, compression_quality=%d", best: 100}},
		nodes:    []string{"/dev/video10", "/dev/video11", "/dev/video12"},
		packages: "gstreamer1.0-plugins-good",
		absent:   "run a container with --device /dev/video10 --device /dev/video11 --device /dev/video12 --device /dev/video31",
		closed:   "add the user to the group video",
	},
	{
		name: "v4l2", title: "stateless V4L2 codecs, as of Rockchip, i.MX8M and Allwinner",
		decoders: map[string][]string{
			"h264": {"v4l2slh264dec"}, "h265": {"v4l2slh265dec"}, "vp8": {"v4l2slvp8dec"}, "vp9": {"v4l2slvp9dec"},
			"av1": {"v4l2slav1dec"},
		},
		inOrder:   flexible,
		needsRoom: true,
		scalers:   []scaler{inSystemMemory},
		nodes:     []string{"/dev/media0", "/dev/media1"},
		packages:  "gstreamer1.0-plugins-bad",
		absent:    "run a container with --device for every /dev/media* and /dev/video*",
		closed:    "add the user to the group video",
	},
	{
		name: "rockchip", title: "Rockchip, by its vendor's MPP",
		decoders: map[string][]string{
			"h264": {"mppvideodec"}, "h265": {"mppvideodec"}, "vp8": {"mppvideodec"}, "vp9": {"mppvideodec"},
			"mpeg4": {"mppvideodec"}, "mjpeg": {"mppjpegdec"},
		},
		scalers:  []scaler{inSystemMemory},
		encoders: []encoder{{factory: "mppjpegenc", format: "I420", property: "q-factor", value: "%d", best: 99}},
		nodes:    []string{"/dev/mpp_service"},
		packages: "gstreamer1.0-rockchip1 of the board's vendor",
		absent:   "run a container with --device /dev/mpp_service --device /dev/rga --device /dev/dma_heap --device /dev/dri",
		closed:   "add the user to the group video",
	},
	software,
}

// Names returns the names of all platforms, in the order in which they are tried.
func Names() (all []string) {
	for _, pf := range platforms {
		all = append(all, pf.name)
	}
	return all
}

// scaler is the one that scales on this machine, or the first of all if none is installed. memory is that of its pictures.
func (pf *platform) scaler() (s scaler, memory string) {
	s = pf.scalers[max(0, slices.IndexFunc(pf.scalers, scaler.installed))]
	if s.system {
		return s, ""
	}
	return s, pf.memory
}

// scales reports whether this machine has one of the platform's scalers.
func (pf *platform) scales() bool { return slices.ContainsFunc(pf.scalers, scaler.installed) }

// decoderProperties are set if a decoder has them. ordered says that units arrive in the order in which they are shown.
func (pf *platform) decoderProperties(ordered bool) map[string]any {
	all := map[string]any{}
	maps.Copy(all, pf.properties)
	if ordered {
		maps.Copy(all, pf.inOrder)
	}
	return all
}
