package gst

// Packer is the factory of an element of framegate's own, see pack.c. It takes the place of an encoder: it gives the bare pixels of
// pictures in I420 with the colours of a JPEG, without padding, in the layout that its property format names: bgr, rgb, gray or i420.
const Packer = "framegatepack"
