/* The stand-ins by platform, with what framegate uses of the real elements, as their documentation has it. */

#define BYTES(codec) "video/x-" codec ", stream-format=byte-stream, alignment=au"
#define H264 "video/x-h264, stream-format={avc,avc3,byte-stream}, alignment=au"
#define H265 "video/x-h265, stream-format={hvc1,hev1,byte-stream}, alignment=au"
#define VP8 "video/x-vp8"
#define VP9 "video/x-vp9"
#define AV1 "video/x-av1, alignment=frame"
#define MPEG4 "video/mpeg, mpegversion=4, systemstream=false"
#define JPEG "image/jpeg"

#define CUDA "video/x-raw(memory:CUDAMemory), format=NV12"
#define CUDA_ANY "video/x-raw(memory:CUDAMemory), format={I420,NV12}"
#define CUDA_ALL "video/x-raw(memory:CUDAMemory), format={I420,NV12,RGBA}"
#define VA "video/x-raw(memory:VAMemory), format=NV12"
#define NVMM "video/x-raw(memory:NVMM), format=NV12"
#define SYSTEM "; video/x-raw, format={NV12,I420}"

{"jetson", "nvv4l2decoder", DECODER, JPEG "; " BYTES("h264") "; " BYTES("h265") "; " VP8 "; " VP9 "; video/x-av1; " MPEG4, NVMM,
	"skip-frames=0 drop-frame-interval=0 disable-dpb=false enable-max-performance=false mjpeg=false"},
{"jetson", "nvvidconv", SCALER, "video/x-raw(memory:NVMM), format={I420,NV12}" SYSTEM, "video/x-raw(memory:NVMM), format={I420,NV12}" SYSTEM,
	"interpolation-method=Nearest|Bilinear|5-Tap|10-Tap|Smart|Nicest"},
{"jetson", "nvvideoconvert", SCALER, "video/x-raw(memory:NVMM), format={I420,NV12}" SYSTEM, "video/x-raw(memory:NVMM), format={I420,NV12}" SYSTEM,
	"interpolation-method=Nearest|Bilinear|Algo-1|Algo-2|Algo-3|Algo-4|Default"},
{"jetson", "nvjpegenc", ENCODER, "video/x-raw(memory:NVMM), format={I420,NV12}; video/x-raw, format={I420,YV12,GRAY8}", JPEG, "quality=85"},

{"nvidia", "nvh264dec", DECODER, H264, CUDA "; video/x-raw, format=NV12", "max-display-delay=-1"},
{"nvidia", "nvh265dec", DECODER, H265, CUDA "; video/x-raw, format=NV12", "max-display-delay=-1"},
{"nvidia", "nvvp8dec", DECODER, VP8, CUDA "; video/x-raw, format=NV12", "max-display-delay=-1"},
{"nvidia", "nvvp9dec", DECODER, VP9, CUDA "; video/x-raw, format=NV12", "max-display-delay=-1"},
{"nvidia", "nvav1dec", DECODER, AV1, CUDA "; video/x-raw, format=NV12", "max-display-delay=-1"},
{"nvidia", "nvmpeg4videodec", DECODER, MPEG4, CUDA "; video/x-raw, format=NV12", "max-display-delay=-1"},
{"nvidia", "nvjpegdec", DECODER, JPEG, CUDA "; video/x-raw, format=NV12", "max-display-delay=-1"},
{"nvidia", "cudaconvertscale", SCALER, CUDA_ALL, CUDA_ALL, "add-borders=true"},
{"nvidia", "cudadownload", DOWNLOAD, CUDA_ALL, "video/x-raw, format={I420,NV12,RGBA}", NULL},
{"nvidia", "nvjpegenc", ENCODER, CUDA_ANY "; video/x-raw, format=I420", JPEG, "quality=85"},

{"va", "vah264dec", DECODER, H264, VA SYSTEM, NULL},
{"va", "vah265dec", DECODER, H265, VA SYSTEM, NULL},
{"va", "vavp8dec", DECODER, VP8, VA SYSTEM, NULL},
{"va", "vavp9dec", DECODER, VP9, VA SYSTEM, NULL},
{"va", "vaav1dec", DECODER, AV1, VA SYSTEM, NULL},
{"va", "vajpegdec", DECODER, JPEG, VA SYSTEM, NULL},
{"va", "vapostproc", SCALER, "video/x-raw(memory:VAMemory), format={NV12,I420}" SYSTEM, "video/x-raw(memory:VAMemory), format={NV12,I420}" SYSTEM,
	"add-borders=true disable-passthrough=false scale-method=default|fast|hq interpolation-method=default|nearest|bilinear|advanced"},
{"va", "vajpegenc", ENCODER, VA "; video/x-raw, format=NV12", JPEG, "quality=50"},

{"qsv", "qsvh264dec", DECODER, BYTES("h264"), VA SYSTEM, NULL},
{"qsv", "qsvh265dec", DECODER, BYTES("h265"), VA SYSTEM, NULL},
{"qsv", "qsvvp9dec", DECODER, VP9, VA SYSTEM, NULL},
{"qsv", "qsvjpegdec", DECODER, JPEG, VA SYSTEM, NULL},
{"qsv", "vapostproc", SCALER, "video/x-raw(memory:VAMemory), format={NV12,I420}" SYSTEM, "video/x-raw(memory:VAMemory), format={NV12,I420}" SYSTEM,
	"add-borders=true disable-passthrough=false scale-method=default|fast|hq interpolation-method=default|nearest|bilinear|advanced"},
{"qsv", "qsvjpegenc", ENCODER, VA "; video/x-raw, format=NV12", JPEG, "quality=85"},

{"raspberrypi", "v4l2h264dec", DECODER, BYTES("h264"), "video/x-raw, format={NV12,I420}", "extra-controls=structure"},
{"raspberrypi", "v4l2jpegdec", DECODER, JPEG, "video/x-raw, format={NV12,I420}", "extra-controls=structure"},
{"raspberrypi", "v4l2convert", SCALER, "video/x-raw, format={NV12,I420}", "video/x-raw, format={NV12,I420}", "extra-controls=structure"},
{"raspberrypi", "v4l2jpegenc", ENCODER, "video/x-raw, format={NV12,I420}", JPEG, "extra-controls=structure"},

{"v4l2", "v4l2slh264dec", DECODER, H264, "video/x-raw, format={NV12,I420}", NULL},
{"v4l2", "v4l2slh265dec", DECODER, H265, "video/x-raw, format={NV12,I420}", NULL},
{"v4l2", "v4l2slvp8dec", DECODER, VP8, "video/x-raw, format={NV12,I420}", NULL},
{"v4l2", "v4l2slvp9dec", DECODER, "video/x-vp9, alignment=frame", "video/x-raw, format={NV12,I420}", NULL},

{"rockchip", "mppvideodec", DECODER, BYTES("h264") "; " BYTES("h265") "; " VP8 "; " VP9 "; " MPEG4, "video/x-raw, format={NV12,I420}", NULL},
{"rockchip", "mppjpegdec", DECODER, JPEG, "video/x-raw, format={NV12,I420}", NULL},
{"rockchip", "mppjpegenc", ENCODER, "video/x-raw, format={NV12,I420}", JPEG, "q-factor=80"},
