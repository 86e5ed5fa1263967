#!/bin/sh
# Makes the samples with which plans are proved: one second of 320x180 at 25 fps in every codec, in
# Matroska. They are in the repository, so this is run only to change them.
set -eu
cd "$(dirname "$0")"

sample() { # name encoder
	name=$1
	shift
	gst-launch-1.0 -q videotestsrc num-buffers=25 pattern=ball ! \
		video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! "$@" ! \
		matroskamux ! filesink location="$name.mkv"
}

sample h264 x264enc tune=zerolatency bitrate=200 key-int-max=25 ! h264parse
sample h265 x265enc tune=zerolatency bitrate=200 key-int-max=25 ! h265parse
sample mpeg4 avenc_mpeg4 bitrate=200000 ! mpeg4videoparse
sample mjpeg jpegenc quality=50
sample vp8 vp8enc deadline=1 target-bitrate=200000
sample vp9 vp9enc deadline=1 target-bitrate=200000 ! vp9parse
sample av1 av1enc cpu-used=8 usage-profile=realtime target-bitrate=200 ! av1parse
