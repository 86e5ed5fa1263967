package app

import (
	"framegate/configs"
	"framegate/configs/edit"
	"framegate/web"
)

// editor changes the file that is served, and goes over to what it has become.
type editor struct {
	app  *App
	file *edit.File
}

// editor is nil for the demo, which has no file.
func (a *App) editor() web.Editor {
	if a.file == "" {
		return nil
	}
	return editor{a, &edit.File{Path: a.file}}
}

// apply applies what a change returns.
func (e editor) apply(change func() (*configs.Config, error)) error {
	e.app.applying.Lock()
	defer e.app.applying.Unlock()
	config, err := change()
	if err != nil {
		return err
	}
	return e.app.apply(config)
}

func (e editor) Add(keys edit.Keys) (id string, err error) {
	err = e.apply(func() (*configs.Config, error) {
		config, err := e.file.AddCamera(keys)
		if err == nil {
			id = config.Cameras[len(config.Cameras)-1].ID
		}
		return config, err
	})
	return id, err
}

func (e editor) Replace(id string, keys edit.Keys) (created bool, err error) {
	err = e.apply(func() (config *configs.Config, err error) {
		config, created, err = e.file.ReplaceCamera(id, keys)
		return config, err
	})
	return created, err
}

func (e editor) Change(id string, keys edit.Keys) error {
	return e.apply(func() (*configs.Config, error) { return e.file.ChangeCamera(id, keys) })
}

func (e editor) Remove(id string) error {
	return e.apply(func() (*configs.Config, error) { return e.file.RemoveCamera(id) })
}
