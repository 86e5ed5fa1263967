package edit

import (
	"bytes"
	"fmt"

	"github.com/framegate/framegate/configs"
)

// TryAdd returns the camera that Add would append, and changes nothing.
func (f *File) TryAdd(keys Keys) (configs.Camera, error) {
	config, err := f.try(adding(keys))
	if err != nil {
		return configs.Camera{}, err
	}
	return config.Cameras[len(config.Cameras)-1], nil
}

// TryChange returns the camera as Change would leave it, and changes nothing.
func (f *File) TryChange(id string, keys Keys) (configs.Camera, error) {
	config, err := f.try(merging(id, keys))
	if err != nil {
		return configs.Camera{}, err
	}
	i := indexOf(config, id)
	if i < 0 {
		return configs.Camera{}, fmt.Errorf("%w: %s", ErrNoCamera, id)
	}
	return config.Cameras[i], nil
}

// try returns the configuration that a change would lead to. It leaves the file as it is.
func (f *File) try(do change) (*configs.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, err := f.current(f.Path)
	if err != nil {
		return nil, err
	}
	config, _, err := do.text(f.Path, before)
	return config, err
}

// current returns the text of the file at path, after it has been put into effect. f.mu is held.
func (f *File) current(path string) ([]byte, error) {
	text, err := configs.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if f.applied == nil || !bytes.Equal(text, f.inEffect) {
		if _, err := f.load(text); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotInEffect, err)
		}
	}
	return text, nil
}
