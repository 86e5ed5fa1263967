package gst

// Packer is the name of framegate's own GStreamer element, see pack.c. It takes the place of an encoder: it gives the bare pixels of
// pictures in I420, without padding, in the layout that its property format names: bgr, rgb, gray or i420. bgr and rgb are of pictures with
// the colours of a JPEG; the others are the planes as they are.
const Packer = "framegatepack"
