package app

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/framegate/framegate/web"
)

// maxHeader is how many bytes the head of a request may have. net/http keeps several times as many while it reads them.
const maxHeader = 16 << 10

// writeTimeout is how long the client at the other end of a connection of HTTP/2 may take nothing. Streams have the same limit, but cannot
// end while the connection is stuck.
const writeTimeout = 10 * time.Second

// server returns an HTTP server, with TLS or without. It has no ReadTimeout, which would end answers that take longer; web limits the time for bodies.
func (a *App) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:                      handler,
		DisableGeneralOptionsHandler: true, // which waits for the body of OPTIONS * without a limit
		MaxHeaderBytes:               maxHeader,
		ReadHeaderTimeout:            10 * time.Second,
		IdleTimeout:                  2 * time.Minute,
		TLSConfig:                    a.pair.Config(),
		HTTP2:                        &http.HTTP2Config{WriteByteTimeout: writeTimeout},
		ConnContext:                  web.ConnContext,
		ErrorLog:                     slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}
