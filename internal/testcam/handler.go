package testcam

import (
	"errors"
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

// OnPlay implements gortsplib.ServerHandlerOnPlay. It checks again, since a fault may have begun after SETUP.
func (h handler) OnPlay(ctx *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	response, _, p, err := h.admit(ctx.Path, ctx.Conn, ctx.Request)
	if response.StatusCode == base.StatusOK {
		p.mu.Lock()
		p.sessions[ctx.Session] = struct{}{}
		p.mu.Unlock()
		h.log.Debug("client plays", "camera", p.camera.Name, "address", ctx.Conn.NetConn().RemoteAddr())
	}
	return response, err
}

// OnSessionClose implements gortsplib.ServerHandlerOnSessionClose.
func (h handler) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	for _, p := range h.paths {
		p.mu.Lock()
		_, played := p.sessions[ctx.Session]
		delete(p.sessions, ctx.Session)
		if errors.As(ctx.Error, &liberrors.ErrServerSessionTornDown{}) && played {
			p.tornDown++
		}
		p.mu.Unlock()
		if played {
			h.log.Debug("client left", "camera", p.camera.Name, "error", ctx.Error)
		}
	}
}

// OnStreamWriteError implements gortsplib.ServerHandlerOnStreamWriteError: without it gortsplib prints an error for each
// packet that a slow client misses.
func (h handler) OnStreamWriteError(ctx *gortsplib.ServerHandlerOnStreamWriteErrorCtx) {
	h.log.Debug("packet not sent", "error", ctx.Error)
}

// OnDecodeError implements gortsplib.ServerHandlerOnDecodeError: without it gortsplib prints the errors.
func (h handler) OnDecodeError(ctx *gortsplib.ServerHandlerOnDecodeErrorCtx) {
	h.log.Debug("packet not understood", "error", ctx.Error)
}
