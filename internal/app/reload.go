package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web"
)

// reload loads the file whenever it changes, and on SIGHUP, until ctx is done.
func (a *App) reload(ctx context.Context, hangUp <-chan os.Signal) {
	if a.file == nil {
		return
	}
	if a.FirstRun != nil {
		select {
		case <-a.FirstRun.Done():
		case <-ctx.Done():
			return
		}
	}
	configs.Watch(ctx, a.current(), hangUp, a.load)
}

// load loads the file. It returns nil if the file is refused: then the previous configuration stays in effect.
func (a *App) load() *configs.Config {
	config, _ := a.file.Load()
	return config
}

// apply puts a configuration into effect. If it fails, nothing has changed.
func (a *App) apply(config *configs.Config) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	change, err := a.cameras.Apply(config)
	if err != nil {
		return err
	}
	a.handler.Configure(config)
	a.clients.config.Store(config)
	a.pair.Configure(config)
	a.ceiling.set(config.MaxMemory)
	setLevel(a.level, config)
	previous, wasOK := a.applied, a.state.OK()
	a.applied = config
	a.state = web.Configuration{
		File: a.File, LoadedAt: time.Now(), Restart: needRestart(a.Config, config),
		Loads: a.state.Loads + 1, Failures: a.state.Failures,
	}
	if !change.None() || !wasOK || !reflect.DeepEqual(previous, config) {
		warnOfTrust(a.log.Logger, config, slices.Concat(change.Added, change.Changed))
		a.log.Info("configuration applied", "file", a.File, "added", change.Added, "changed", change.Changed, "removed", change.Removed)
	}
	for _, key := range a.state.Restart {
		a.log.Warn("a changed key takes effect at the next start", "key", key)
	}
	return nil
}

// refuse reports what is wrong with the file, and logs it unless it was logged before.
func (a *App) refuse(err error) {
	var faults configs.Faults
	if !errors.As(err, &faults) {
		faults = configs.Faults{{File: a.File, Message: err.Error()}}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	previous := a.state.Faults
	a.state.Faults = nil
	for _, f := range faults {
		a.state.Faults = append(a.state.Faults, web.Fault{Line: f.Line, Column: f.Column, Message: f.Message})
	}
	if slices.Equal(a.state.Faults, previous) {
		return
	}
	a.state.Failures++
	for _, f := range faults {
		a.log.Error("configuration refused, the previous one stays in effect", "fault", f.Error())
	}
}

// current returns the configuration that is in effect.
func (a *App) current() *configs.Config {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.applied
}

// configuration returns the state of the configuration, for web.
func (a *App) configuration() web.Configuration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state
}

// needRestart returns the keys that differ between two configurations and that are read at the start only.
func needRestart(first, now *configs.Config) (keys []string) {
	if !slices.Equal(first.Listen, now.Listen) {
		keys = append(keys, "listen")
	}
	if first.TLS.On() != now.TLS.On() {
		keys = append(keys, "tls")
	}
	if first.RedirectHTTP != now.RedirectHTTP {
		keys = append(keys, "redirect_http")
	}
	if first.LogFormat != now.LogFormat {
		keys = append(keys, "log_format")
	}
	return keys
}

// warnOfTrust warns of cameras whose certificates are not checked.
func warnOfTrust(log *slog.Logger, config *configs.Config, ids []string) {
	for _, camera := range config.Cameras {
		if !camera.TLSVerify && slices.Contains(ids, camera.ID) {
			log.Warn("the camera's certificate is not checked: others on the network can see its password and pictures", "camera", camera.ID)
		}
	}
}
