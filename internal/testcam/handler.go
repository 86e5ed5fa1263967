package testcam

import (
	"strings"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
)

// handler answers the RTSP requests.
type handler struct{ *Server }

// admit finds the camera of a request and decides whether it may be played now.
func (h handler) admit(name string, conn *gortsplib.ServerConn, request *base.Request) (*base.Response, *gortsplib.ServerStream, *path, error) {
	p := h.path(strings.Trim(name, "/"))
	if p == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.fault.kind == Refuse:
		return &base.Response{StatusCode: base.StatusServiceUnavailable}, nil, p, nil
	case p.fault.kind == Unauthorized && !conn.VerifyCredentials(request, "nobody", "knows this"),
		p.camera.Username != "" && !conn.VerifyCredentials(request, p.camera.Username, p.camera.Password):
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, p, liberrors.ErrServerAuth{}
	}
	return &base.Response{StatusCode: base.StatusOK}, p.stream, p, nil
}

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (h handler) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	response, stream, _, err := h.admit(ctx.Path, ctx.Conn, ctx.Request)
	return response, stream, err
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (h handler) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	response, stream, _, err := h.admit(ctx.Path, ctx.Conn, ctx.Request)
	return response, stream, err
}

// OnPlay implements gortsplib.ServerHandlerOnPlay.
func (h handler) OnPlay(ctx *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	if p := h.path(strings.Trim(ctx.Path, "/")); p != nil {
		p.mu.Lock()
		p.sessions[ctx.Session] = struct{}{}
		p.mu.Unlock()
		h.log.Debug("playing", "camera", p.camera.Name, "from", ctx.Conn.NetConn().RemoteAddr())
	}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnSessionClose implements gortsplib.ServerHandlerOnSessionClose.
func (h handler) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	for _, p := range h.paths {
		p.mu.Lock()
		delete(p.sessions, ctx.Session)
		p.mu.Unlock()
	}
}
