#!/bin/sh
# Makes the samples that prove plans: one second of 320x180 at 25 fps in every codec. The files are in the
# repository, so run this only to change them. They are Matroska, except that of MPEG-4: its encoder gives
# no timestamps (avenc_mpeg4 of GStreamer 1.22), so it is a bare elementary stream.
set -eu
cd "$(dirname "$0")"

sample() { # file encoder
	file=$1
	shift
	gst-launch-1.0 -q videotestsrc num-buffers=25 pattern=ball ! \
		video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! "$@" ! \
		filesink location="$file"
}

sample h264.mkv x264enc tune=zerolatency bitrate=200 key-int-max=25 ! h264parse ! matroskamux
sample h265.mkv x265enc tune=zerolatency bitrate=200 key-int-max=25 ! h265parse ! matroskamux
sample mpeg4.m4v avenc_mpeg4 bitrate=200000
sample mjpeg.mkv jpegenc quality=50 ! matroskamux
sample vp8.mkv vp8enc deadline=1 target-bitrate=200000 ! matroskamux
sample vp9.mkv vp9enc deadline=1 target-bitrate=200000 ! vp9parse ! matroskamux
sample av1.mkv av1enc cpu-used=8 usage-profile=realtime target-bitrate=200 ! av1parse ! matroskamux
