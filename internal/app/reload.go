package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"time"

	"framegate/configs"
	"framegate/web"
)

// follow keeps up with the file, and reads it again on SIGHUP, until ctx is done.
func (a *App) follow(ctx context.Context, hangUp <-chan os.Signal) {
	if a.file == "" {
		return
	}
	a.mu.Lock()
	config := a.config
	a.mu.Unlock()
	configs.Watch(ctx, config, hangUp, a.load)
}

// load reads the file and applies it. It returns nil where the file is wrong: then all goes on as it was.
func (a *App) load() *configs.Config {
	a.applying.Lock()
	defer a.applying.Unlock()
	config, err := configs.Load(a.file)
	if err == nil && empty(a.file) {
		err = errors.New("the file is empty, as if it was being written; a configuration without cameras has cameras: []")
	}
	if err == nil {
		err = a.apply(config)
	}
	if err != nil {
		a.refuse(err)
		return nil
	}
	return config
}

// empty reports whether a file has no content.
func empty(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() == 0
}

// apply goes over to another configuration. After an error nothing has changed.
func (a *App) apply(config *configs.Config) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	change, err := a.cameras.Apply(config)
	if err != nil {
		return err
	}
	a.handler.Configure(settings(config))
	a.level.UnmarshalText([]byte(config.LogLevel)) // checked with the configuration
	was := a.config
	a.config = config
	mended := !a.state.OK()
	a.state = web.Configuration{File: a.file, LoadedAt: time.Now(), Restart: needRestart(a.first, config), Loads: a.state.Loads + 1}
	if !change.None() || mended || !reflect.DeepEqual(was, config) {
		warnOfTrust(a.log, config, slices.Concat(change.Added, change.Changed))
		a.log.Info("configuration applied", "file", a.file, "added", change.Added, "changed", change.Changed, "removed", change.Removed)
	}
	for _, key := range a.state.Restart {
		a.log.Warn("a changed key takes effect at the next start", "key", key)
	}
	return nil
}

// refuse logs what is wrong with the file, once.
func (a *App) refuse(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	state := a.state
	state.Faults = nil
	var faults configs.Faults
	if !errors.As(err, &faults) {
		faults = configs.Faults{{File: a.file, Message: err.Error()}}
	}
	for _, f := range faults {
		state.Faults = append(state.Faults, web.Fault{Line: f.Line, Column: f.Column, Message: f.Message})
	}
	if !slices.Equal(state.Faults, a.state.Faults) {
		state.Failures++
		for _, f := range faults {
			a.log.Error("configuration refused, the one before goes on", "fault", f.Error())
		}
	}
	a.state = state
}

// configuration is the state of the configuration, for web.
func (a *App) configuration() web.Configuration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state
}

// needRestart names the keys that have changed and are read at the start only.
func needRestart(was, now *configs.Config) (keys []string) {
	if was.Listen != now.Listen {
		keys = append(keys, "listen")
	}
	if was.LogFormat != now.LogFormat {
		keys = append(keys, "log_format")
	}
	return keys
}

// warnOfTrust warns of cameras whose certificates are not checked.
func warnOfTrust(log *slog.Logger, config *configs.Config, ids []string) {
	for _, camera := range config.Cameras {
		if !camera.TLSVerify && slices.Contains(ids, camera.ID) {
			log.Warn("the camera's certificate is not checked: anybody on the way can see its password and pictures", "camera", camera.ID)
		}
	}
}
