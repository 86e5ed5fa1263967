package gst

// Scaler is the factory of an element of framegate's own, see scale.c. It scales pictures of any format in system memory, by the
// average of the area that each pixel covers, and gives I420 with the colours of a JPEG.
const Scaler = "framegatescale"
