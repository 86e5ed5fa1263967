package app

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/framegate/framegate/web"
)

// maxHeader is how many bytes the head of a request may have. net/http keeps several times as many while it reads them.
const maxHeader = 16 << 10

// server returns the HTTP server. It has no ReadTimeout, which would end answers that take longer; web limits the time for bodies.
func (a *App) server() *http.Server {
	return &http.Server{
		Handler:                      a.handler,
		DisableGeneralOptionsHandler: true, // which waits for the body of OPTIONS * without a limit
		MaxHeaderBytes:               maxHeader,
		ReadHeaderTimeout:            10 * time.Second,
		IdleTimeout:                  2 * time.Minute,
		ConnContext:                  web.ConnContext,
		ErrorLog:                     slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}
