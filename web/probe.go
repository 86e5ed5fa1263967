package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/onvif"
	"github.com/framegate/framegate/pipeline/frame"

	"github.com/go-chi/chi/v5"
)

// The limits of probes: how many run at a time, and how long one may take.
const (
	maxProbes    = 2
	probeTimeout = 20 * time.Second
)

// probeAnswer is the answer to a probe. Picture is a JPEG, in base64.
type probeAnswer struct {
	Found   any          `json:"found"`
	Picture []byte       `json:"picture"`
	Error   string       `json:"error,omitempty"`
	Reason  frame.Reason `json:"reason,omitempty"`
	Remedy  string       `json:"remedy,omitempty"`
}

// probeNew serves POST /api/probe: it tries a camera that is not in the configuration.
func (s *server) probeNew(w http.ResponseWriter, r *http.Request) {
	keys, err := readKeys(r)
	var camera configs.Camera
	if err == nil {
		camera, err = s.File.TryAdd(keys)
	}
	s.probe(w, r, camera, err)
}

// probeChanged serves POST /api/cameras/{id}/probe: it tries a camera as a PATCH with the same body would leave it.
func (s *server) probeChanged(w http.ResponseWriter, r *http.Request) {
	keys, err := readKeys(r)
	var camera configs.Camera
	if err == nil {
		camera, err = s.File.TryChange(chi.URLParam(r, "id"), keys)
	}
	s.probe(w, r, camera, err)
}

// probe answers with what a probe of a camera finds.
func (s *server) probe(w http.ResponseWriter, r *http.Request, camera configs.Camera, err error) {
	if err != nil {
		s.refuseChange(w, camera.ID, err)
		return
	}
	leave, _ := s.probes.enter("", maxProbes, 0)
	if leave == nil {
		problem{Status: http.StatusTooManyRequests, Detail: "other cameras are being tried; try again in some seconds", retryAfter: retryAfter}.write(w)
		return
	}
	defer leave()
	s.audit(r, "camera probed", "camera", camera.ID, "url", camera.Source.String())
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(probeTimeout + snapshotTimeout + writeTimeout))
	late := &frame.CameraError{Reason: frame.TimedOut, Text: fmt.Sprintf("no picture came within %v", probeTimeout)}
	ctx, cancel := context.WithTimeoutCause(r.Context(), probeTimeout, late)
	defer cancel()
	found, picture, err := s.Probe(ctx, camera.Source)
	if err != nil && errors.Is(err, ctx.Err()) {
		err = context.Cause(ctx)
	}
	if err != nil {
		reason := frame.ReasonOf(err)
		writeJSON(w, http.StatusOK, probeAnswer{Error: err.Error(), Reason: reason, Remedy: remedies[reason]})
		return
	}
	writeJSON(w, http.StatusOK, probeAnswer{Found: found, Picture: picture})
}

// remedies say what to do about a camera that sends no pictures, by the reason.
var remedies = map[frame.Reason]string{
	frame.Unauthorized: "Check the user and the password. Many cameras have separate users for ONVIF and RTSP, and lock an address out for some minutes after several wrong passwords.",
	frame.NotFound:     "Check the path of the URL, which differs between makers: the camera's manual has it, or choose the maker here. For a device, check that it is plugged in.",
	frame.Unreachable:  "Check the address and the port, that the camera is switched on, and that RTSP is enabled in its settings. framegate's machine must reach the camera's network.",
	frame.TimedOut:     "The camera or something before it, such as a firewall, does not answer. Check the address, and try the other transport: TCP in place of UDP, or UDP in place of TCP.",
	frame.NoKeyframe:   "Set a shorter interval of keyframes (I-frames) in the camera's settings, such as 2 seconds.",
	frame.Stalled:      "The camera stopped sending. Check the network to it, and whether it allows another connection.",
	frame.NoVideo:      "The address answers, but not with video. Check the path of the URL and that the camera's video is switched on.",
	frame.Unsupported:  "Choose H.264, H.265 or MJPEG in the camera's settings; the hardware page says what this machine decodes.",
	frame.Ended:        "The camera closed the connection. Many cameras allow only a few connections at a time: close the others, and try again.",
	frame.Refused:      "The camera refuses to send. It may have too many viewers, or need another path, user or transport.",
	frame.Memory:       "The picture takes more memory than max_memory leaves. Choose a smaller picture in the camera's settings, or the substream.",
	frame.Failed:       "Check the address and the camera's settings; framegate's log may say more.",
}

// discoverTime is how long the cameras of the network have to answer.
const discoverTime = 3 * time.Second

// discover serves POST /api/discover: the cameras on this network that speak ONVIF.
func (s *server) discover(w http.ResponseWriter, r *http.Request) {
	leave, _ := s.discoveries.enter("", 1, 0)
	if leave == nil {
		problem{Status: http.StatusTooManyRequests, Detail: "the network is being asked already; try again in some seconds", retryAfter: retryAfter}.write(w)
		return
	}
	defer leave()
	s.audit(r, "network asked for cameras")
	ctx, cancel := context.WithTimeout(r.Context(), discoverTime)
	defer cancel()
	devices, err := s.Discover(ctx)
	if err != nil {
		problem{Status: http.StatusServiceUnavailable, Detail: err.Error()}.write(w)
		return
	}
	writeJSON(w, http.StatusOK, devices)
}

// discoverStreams serves POST /api/discover/streams: the streams of one camera that speaks ONVIF.
func (s *server) discoverStreams(w http.ResponseWriter, r *http.Request) {
	var camera onvif.Client
	if bad := readObject(r, &camera, `{"service": "http://192.0.2.10/onvif/device_service", "username": "", "password": ""}`); bad != nil {
		bad.write(w)
		return
	}
	if u, err := url.Parse(camera.Service); err != nil || u.User != nil || u.RawQuery != "" {
		problem{Status: http.StatusBadRequest, Detail: "service must be a URL without user, password and query"}.write(w)
		return
	}
	leave, _ := s.probes.enter("", maxProbes, 0)
	if leave == nil {
		problem{Status: http.StatusTooManyRequests, Detail: "other cameras are being tried; try again in some seconds", retryAfter: retryAfter}.write(w)
		return
	}
	defer leave()
	s.audit(r, "camera asked for its streams", "service", camera.Service)
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(probeTimeout + writeTimeout))
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	streams, err := s.Streams(ctx, camera)
	if err != nil {
		problem{Status: http.StatusBadGateway, Detail: "the camera does not say what it sends: " + err.Error()}.write(w)
		return
	}
	writeJSON(w, http.StatusOK, streams)
}
