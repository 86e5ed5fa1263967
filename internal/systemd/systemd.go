// Package systemd is framegate's side of what systemd offers a service: its socket, its notifications and its watchdog.
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

// Listen returns the socket that systemd has opened for this process (see deploy/framegate.socket), and opens
// the address where there is none.
func Listen(address string) (net.Listener, error) {
	passed, err := activation.Listeners()
	switch {
	case err != nil:
		return nil, fmt.Errorf("systemd's socket: %w", err)
	case len(passed) == 0:
		return net.Listen("tcp", address)
	case len(passed) > 1 || passed[0] == nil:
		return nil, fmt.Errorf("systemd passes %d sockets; one is wanted, with ListenStream=", len(passed))
	}
	return passed[0], nil
}

// Supervise tells systemd, where that has started this process, that it serves at a URL, and that it ends when ctx is done.
// In between it gives the watchdog its signs of life, as long as the process is well: systemd ends and restarts
// it when they stay away.
func Supervise(ctx context.Context, served net.Addr, url string, readState func(), log *slog.Logger) {
	daemon.SdNotify(false, daemon.SdNotifyReady+"\nSTATUS=serving at "+url)
	defer daemon.SdNotify(false, daemon.SdNotifyStopping+"\nSTATUS=ending")
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("systemd's watchdog gets no signs of life", "error", err)
	}
	if err != nil || limit == 0 {
		<-ctx.Done()
		return
	}
	ticks := time.NewTicker(limit / 3) // one that comes late is made up for by the next
	defer ticks.Stop()
	for {
		if err := well(ctx, limit/3, served, readState); err == nil {
			daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			log.Error("no sign of life for systemd", "error", err)
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

// well reports whether this process does its work: within the limit a new connection to its own port is answered,
// and the cameras' state can be read, which it cannot while something keeps a lock.
func well(ctx context.Context, limit time.Duration, served net.Addr, readState func()) error {
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
