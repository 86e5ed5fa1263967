// Package systemd uses what systemd offers a service: its socket, its notifications and its watchdog.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/health"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

// Listeners returns the listeners of the sockets that systemd passes to this process (see deploy/framegate.socket), none without them.
func Listeners() ([]net.Listener, error) {
	passed, err := activation.Listeners()
	switch {
	case err != nil:
		return nil, fmt.Errorf("systemd's sockets: %w", err)
	case slices.Contains(passed, nil):
		return nil, errors.New("systemd passes a socket that does not listen for connections: use ListenStream=")
	}
	return passed, nil
}

// Supervise tells systemd that this process serves at a URL and, when ctx is done, that it is shutting down. While the process is
// healthy, Supervise also notifies the watchdog, which would otherwise end and restart the process. Without systemd, it only waits
// for ctx.
func Supervise(ctx context.Context, served []health.Target, url string, readState func(), log *slog.Logger) {
	daemon.SdNotify(false, daemon.SdNotifyReady+"\nSTATUS=serving at "+url)
	defer daemon.SdNotify(false, daemon.SdNotifyStopping+"\nSTATUS=shutting down")
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("systemd's watchdog cannot be notified", "error", err)
	}
	if err != nil || limit == 0 {
		<-ctx.Done()
		return
	}
	ticks := time.NewTicker(limit / 3) // three in each limit, so that one may be late
	defer ticks.Stop()
	for {
		if err := checkHealth(ctx, limit/3, served, readState); err == nil {
			daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			log.Error("framegate is not healthy, so systemd's watchdog is not notified", "error", err)
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

// checkHealth returns an error unless, within the limit, this process answers a request on a new connection to each of its addresses, and
// the cameras' state can be read. Reading it takes the cameras' locks, to detect a deadlock.
func checkHealth(ctx context.Context, limit time.Duration, served []health.Target, readState func()) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	for _, target := range served {
		if err := health.Check(ctx, target.Base, target.At); err != nil {
			return err
		}
	}
	read := make(chan struct{})
	go func() {
		readState()
		close(read)
	}()
	select {
	case <-read:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("reading the cameras' state: %w", context.Cause(ctx))
	}
}
