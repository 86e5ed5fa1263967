# framegate's image: compiled with Go and the headers of GStreamer, shipped without either.
#
#   docker build -t framegate .
#   docker build -t framegate:intel --build-arg DRIVERS=intel-media-va-driver .
#   docker build -t framegate:jetson --build-arg BASE=nvcr.io/nvidia/l4t-base:r36.2.0 \
#           --build-arg RUNTIME=full .
#   docker build -t framegate:demo --build-arg DEMO=yes .
#
# docs/container.md says how to run it on each platform. The build does not need BuildKit, which the Docker of a Jetson may
# lack.

# The system that framegate is compiled and run on: Debian or Ubuntu, for x86-64 or arm64.
ARG BASE=debian:bookworm-slim
# An image with Go, 1.26 or newer, in /usr/local/go.
ARG GO=golang:1.26-bookworm
# small or full, two of the stages below.
ARG RUNTIME=small

FROM ${GO} AS go

FROM ${BASE} AS build
COPY --from=go /usr/local/go /usr/local/go
ENV PATH=/usr/local/go/bin:$PATH GOTOOLCHAIN=local
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev make
WORKDIR /src
COPY scripts scripts/
RUN scripts/install.sh build
ARG GOPROXY
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
RUN make build NEEDS=build VERSION="$VERSION" && strip bin/framegate

# The whole content of the packages that framegate uses. The plugins of a Jetson may need any of it.
FROM ${BASE} AS full
COPY scripts/install.sh /tmp/
# More packages, such as the driver of a graphics card.
ARG DRIVERS=
# If not empty, with the encoders of the demo's cameras, which are under the GPL. The plugin of x265 is in a package that
# serving needs.
ARG DEMO=
RUN sh /tmp/install.sh serve ${DEMO:+demo} \
	&& if [ -z "$DEMO" ]; then rm -f /usr/lib/*/gstreamer-1.0/libgstx265.so; fi \
	&& if [ -n "$DRIVERS" ]; then apt-get install -y --no-install-recommends $DRIVERS; fi \
	&& rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* /tmp/*

FROM ${BASE} AS bare
RUN find / -xdev -printf '%p %s %Ts\n' >/bare

FROM full AS needed
ARG DRIVERS=
ARG DEMO=
COPY --from=bare /bare /
COPY --from=build /src/bin/framegate /
COPY scripts/needed.sh /tmp/
RUN /tmp/needed.sh /bare /needed /framegate $DRIVERS

# Only what framegate needs of that.
FROM ${BASE} AS small
COPY --from=needed /needed /

FROM ${RUNTIME}
# Devices belong to the groups video and render. If their numbers on the machine differ, deploy/compose.yaml adds those.
RUN (getent group render >/dev/null || groupadd --system render) \
	&& useradd --uid 10001 --groups video,render --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin framegate \
	&& mkdir /etc/framegate \
	&& install -d -m 700 -o 10001 -g 10001 /var/lib/framegate \
	&& ldconfig
COPY LICENSE /usr/share/doc/framegate/
COPY --from=build /src/bin/framegate /usr/local/bin/

# GStreamer writes its list of plugins here when it starts, with the devices of the machine.
ENV XDG_CACHE_HOME=/tmp
# What framegate makes itself, such as the keys of signed links. A volume keeps it.
ENV STATE_DIRECTORY=/var/lib/framegate
USER 10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["framegate", "health"]
ENTRYPOINT ["framegate"]
CMD ["serve"]

ARG BASE
ARG VERSION=development
LABEL org.opencontainers.image.title="framegate" \
	org.opencontainers.image.description="IP cameras as pictures that a browser shows with nothing but <img src>" \
	org.opencontainers.image.version="$VERSION" \
	org.opencontainers.image.licenses="Apache-2.0" \
	org.opencontainers.image.base.name="$BASE"
