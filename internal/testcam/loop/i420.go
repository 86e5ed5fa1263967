package loop

// i420 is a picture as GStreamer lays it out: luma, then Cb and Cr at half the size, each row filled up to
// four bytes (GstVideoInfo's default strides).
type i420 struct {
	width, height int
	stride        int // of luma, bytes
	chromaStride  int
	data          []byte
}

func newI420(width, height int) i420 {
	up4 := func(n int) int { return (n + 3) / 4 * 4 }
	f := i420{width: width, height: height, stride: up4(width), chromaStride: up4(width / 2)}
	f.data = make([]byte, f.stride*height+f.chromaStride*height)
	return f
}

// luma is the plane of Y.
func (f i420) luma() []byte { return f.data[:f.stride*f.height] }

// chroma are the planes of Cb and Cr.
func (f i420) chroma() (cb, cr []byte) {
	both := f.data[f.stride*f.height:]
	return both[:len(both)/2], both[len(both)/2:]
}
