package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"sync"
	"time"

	"framegate/configs"
	"framegate/registry"
	"framegate/web"
)

// present is the configuration that is served. Its methods may be called from any goroutine.
type present struct {
	file    string // empty for the demo's
	log     *slog.Logger
	level   *slog.LevelVar
	began   *configs.Config // the first one
	hangUp  chan os.Signal  // SIGHUP
	cameras *registry.Registry
	handler *web.Handler

	turn sync.Mutex // held from reading or changing the file until it is applied: nothing older comes after

	mu     sync.Mutex // of what follows
	config *configs.Config
	told   web.Configuration
}

// follow keeps up with the file, and reads it again on SIGHUP, until ctx is done.
func (p *present) follow(ctx context.Context) {
	if p.file == "" {
		return
	}
	p.mu.Lock()
	config := p.config
	p.mu.Unlock()
	configs.Watch(ctx, config, p.hangUp, p.load)
}

// load reads the file and applies it. It returns nil where the file is wrong: then all goes on as it was.
func (p *present) load() *configs.Config {
	p.turn.Lock()
	defer p.turn.Unlock()
	config, err := configs.Load(p.file)
	if err == nil && empty(p.file) {
		err = errors.New("the file is empty, as if it was being written; a configuration without cameras has cameras: []")
	}
	if err == nil {
		err = p.apply(config)
	}
	if err != nil {
		p.refuse(err)
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
func (p *present) apply(config *configs.Config) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	change, err := p.cameras.Apply(config)
	if err != nil {
		return err
	}
	p.handler.Configure(settings(config))
	p.level.UnmarshalText([]byte(config.LogLevel)) // checked with the configuration
	was := p.config
	p.config = config
	mended := !p.told.OK()
	p.told = web.Configuration{File: p.file, LoadedAt: time.Now(), Restart: needRestart(p.began, config), Loads: p.told.Loads + 1}
	if !change.None() || mended || !reflect.DeepEqual(was, config) {
		warnOfTrust(p.log, config, slices.Concat(change.Added, change.Changed))
		p.log.Info("configuration applied", "file", p.file, "added", change.Added, "changed", change.Changed, "removed", change.Removed)
	}
	for _, key := range p.told.Restart {
		p.log.Warn("a changed key takes effect at the next start", "key", key)
	}
	return nil
}

// refuse tells what is wrong with the file, once.
func (p *present) refuse(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	told := p.told
	told.Faults = nil
	var faults configs.Faults
	if !errors.As(err, &faults) {
		faults = configs.Faults{{File: p.file, Message: err.Error()}}
	}
	for _, f := range faults {
		told.Faults = append(told.Faults, web.Fault{Line: f.Line, Column: f.Column, Message: f.Message})
	}
	if !slices.Equal(told.Faults, p.told.Faults) {
		told.Failures++
		for _, f := range faults {
			p.log.Error("configuration refused, the one before goes on", "fault", f.Error())
		}
	}
	p.told = told
}

// tell is the configuration's state, for web.
func (p *present) tell() web.Configuration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told
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

// warnOfTrust tells of cameras whose certificates are not checked.
func warnOfTrust(log *slog.Logger, config *configs.Config, ids []string) {
	for _, camera := range config.Cameras {
		if !camera.TLSVerify && slices.Contains(ids, camera.ID) {
			log.Warn("the camera's certificate is not checked: anybody on the way can see its password and pictures", "camera", camera.ID)
		}
	}
}
