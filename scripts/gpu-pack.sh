#!/bin/sh
# Packs gpucheck and all that it needs into a folder, for a machine with a GPU and without packages or a network: only the
# driver must be there. run.sh in the folder starts it and must be able to write to the folder. `make gpu-pack` builds first.
#
#   gpu-pack.sh FOLDER
#
# glibc and its loader are packed too, since otherwise that machine would need a glibc as new as this one's. NVIDIA's libraries,
# which come from that machine, need little of glibc and nothing new. libav is built for this with few decoders, and the
# cameras' loops are encoded here. NVRTC=DIR packs the libnvrtc and libnvrtc-builtins of a folder, for a machine whose CUDA is
# too new for this GStreamer: see docs/hardware.md.
set -eu
out=$1
limit=60 # MB
bin=$(dirname "$0")/../bin
plugins=$(pkg-config --variable=pluginsdir gstreamer-1.0)
scanner=$(pkg-config --variable=pluginscannerdir gstreamer-1.0)/gst-plugin-scanner

rm -rf "$out"
mkdir -p "$out/lib" "$out/gst" "$out/gio" "$out/loops" "$out/nvrtc"
libav=$("$(dirname "$0")/small-libav.sh")
cp "$bin/framegate" "$bin/gpucheck" "$scanner" "$out/lib/"
strip "$out/lib/framegate" "$out/lib/gpucheck"

# Older GStreamer has videoconvert and videoscale, newer videoconvertscale.
for name in coreelements typefindfunctions app playback rtp rtpmanager rtsp udp tcp matroska mpegtsdemux videoparsersbad jpeg jpegformat \
	videoconvert videoscale videoconvertscale libav vpx aom dav1d webp nvcodec; do
	[ ! -e "$plugins/libgst$name.so" ] || cp "$plugins/libgst$name.so" "$out/gst/"
done
for name in nvcodec libav; do
	[ -e "$out/gst/libgst$name.so" ] || { echo "GStreamer's plugin $name is missing" >&2; exit 1; }
done

# The libraries of all of them, and the parts of glibc that NVIDIA's libraries still load by name.
libc=$(ldd "$out/lib/framegate" | awk '$1 == "libc.so.6" {print $3}')
for name in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libutil.so.1; do
	echo "$(dirname "$libc")/$name"
done >"$out/needed"
for file in "$out"/lib/* "$out"/gst/*; do
	LD_LIBRARY_PATH=$libav ldd "$file" | awk '$2 == "=>" && $3 ~ "^/" {print $3} $1 ~ "^/.*ld-linux" {print $1}'
done >>"$out/needed"
sort -u "$out/needed" | while read -r file; do
	[ ! -e "$file" ] || cp -L "$file" "$out/lib/"
done
rm "$out/needed"
[ -z "${NVRTC:-}" ] || cp -L "$NVRTC"/libnvrtc*.so* "$out/nvrtc/"
strip --strip-unneeded "$out"/lib/*.so* "$out"/gst/*.so 2>/dev/null || true

# A script of the same name starts each program through the packed loader.
cat >"$out/start" <<'START'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
name=$(basename "$0")
# Folders in which libcuda.so.1 and libnvcuvid.so.1 may be although the loader's cache does not list them. The programs that
# this one starts get them in a variable of their own: with LD_LIBRARY_PATH, the system's programs would load the packed
# libraries.
: "${GPU_CHECK_LIBRARIES=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/nvidia/lib64:/usr/local/nvidia/lib}"
export GPU_CHECK_LIBRARIES
unset LD_LIBRARY_PATH LD_PRELOAD GST_PLUGIN_PATH GST_PLUGIN_PATH_1_0 GST_PLUGIN_SYSTEM_PATH_1_0
export GST_PLUGIN_SYSTEM_PATH="$here/gst" GST_PLUGIN_SCANNER="$here/gst-plugin-scanner" GST_REGISTRY="$here/registry.bin" \
	GIO_MODULE_DIR="$here/gio" GIO_USE_VFS=local
# CUDA's run-time compiler, which GStreamer needs to scale on the card. Without it, pictures are scaled in software.
for file in "$here"/nvrtc/libnvrtc.so* /usr/local/cuda*/lib64/libnvrtc.so* /usr/lib/*-linux-gnu/libnvrtc.so* /usr/lib64/libnvrtc.so* \
	/usr/*/lib/python3*/*-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so* /usr/lib/python3*/*-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so*; do
	if [ -z "${GST_CUDA_NVRTC_LIBNAME:-}" ] && [ -e "$file" ]; then
		export GST_CUDA_NVRTC_LIBNAME="$file"
	fi
done
for loader in "$here"/lib/ld-linux*; do
	exec "$loader" --argv0 "$here/$name" --library-path "$here/lib:$here/nvrtc:$GPU_CHECK_LIBRARIES" "$here/lib/$name" "$@"
done
START
cat >"$out/run.sh" <<'RUN'
#!/bin/sh
# Checks framegate's plans for NVIDIA's cards on this machine: see --help. Without a card it says so and succeeds.
here=$(dirname "$(readlink -f "$0")")
[ -w "$here" ] || { echo "copy $here to a folder that you may write to" >&2; exit 1; }
for packed in "$here"/*/*.gz; do
	[ ! -e "$packed" ] || gunzip "$packed"
done
exec "$here/gpucheck" --framegate "$here/framegate" --loops "$here/loops" --lost-driver "$here/lost" "$@"
RUN
chmod 755 "$out/start" "$out/run.sh"
for name in framegate gpucheck gst-plugin-scanner; do
	cp "$out/start" "$out/$name"
done
rm "$out/start"

"$bin/gpucheck" --prepare --loops "$out/loops" --lost-driver "$out/lost"
find "$out/lib" "$out/gst" "$out/nvrtc" -type f -exec gzip -9 {} +
size=$(du -cm --apparent-size --exclude nvrtc "$out" | tail -n 1 | cut -f 1)
echo "$out: $size MB"
[ "$size" -lt "$limit" ] || { echo "$out is larger than $limit MB" >&2; exit 1; }
