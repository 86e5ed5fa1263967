// Package systemd uses what systemd offers a service: its socket, its notifications and its watchdog.
package systemd

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"framegate/internal/health"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

// Listen returns the socket that systemd has opened for this process (see deploy/framegate.socket). If there is none, it
// listens on the address.
func Listen(address string) (net.Listener, error) {
	passed, err := activation.Listeners()
	switch {
	case err != nil:
		return nil, fmt.Errorf("systemd's socket: %w", err)
	case len(passed) == 0:
		return net.Listen("tcp", address)
	case len(passed) > 1 || passed[0] == nil:
		return nil, fmt.Errorf("systemd passes %d sockets: want one, with ListenStream=", len(passed))
	}
	return passed[0], nil
}

// Supervise notifies systemd that this process serves at a URL, and that it stops when ctx is done. In between it notifies the
// watchdog as long as the process is healthy: without these notifications systemd ends the process and restarts it. If systemd
// has not started this process, Supervise only waits for ctx.
func Supervise(ctx context.Context, served net.Addr, url string, readState func(), log *slog.Logger) {
	daemon.SdNotify(false, daemon.SdNotifyReady+"\nSTATUS=serving at "+url)
	defer daemon.SdNotify(false, daemon.SdNotifyStopping+"\nSTATUS=ending")
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("systemd's watchdog cannot be notified", "error", err)
	}
	if err != nil || limit == 0 {
		<-ctx.Done()
		return
	}
	ticks := time.NewTicker(limit / 3) // the next one makes up for one that is late
	defer ticks.Stop()
	for {
		if err := checkHealth(ctx, limit/3, served, readState); err == nil {
			daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			log.Error("systemd's watchdog is not notified", "error", err)
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

// checkHealth checks that within the limit this process answers a new connection to its own port and the cameras' state can
// be read, which shows that nothing keeps a lock.
func checkHealth(ctx context.Context, limit time.Duration, served net.Addr, readState func()) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	if err := health.Ask(ctx, "http://framegate", served); err != nil {
		return err
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
		return fmt.Errorf("the cameras' state: %w", context.Cause(ctx))
	}
}
