package gst

// Scaler is the name of framegate's own GStreamer element, see scale.c. It scales pictures of any format in system memory, by the
// average of the area that each pixel covers, and gives I420 with the colours of a JPEG.
const Scaler = "framegatescale"
