package loop

import "image"

// Still returns a frame of a loop as it is before it is encoded, with samples of limited range.
func Still(s Spec, frame int) (*image.YCbCr, error) {
	p, err := newPainter(s)
	if err != nil {
		return nil, err
	}
	p.paint(frame)
	cb, cr := p.frame.chroma()
	return &image.YCbCr{
		Y: p.frame.luma(), Cb: cb, Cr: cr, YStride: p.frame.stride, CStride: p.frame.chromaStride,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, s.Width, s.Height),
	}, nil
}
