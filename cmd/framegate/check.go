package main

import (
	"errors"
	"fmt"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/terminal"
)

type check struct {
	File string `arg:"" help:"Configuration to check."`
}

func (c check) Run() error {
	config, err := configs.Load(c.File)
	var faults configs.Faults
	if errors.As(err, &faults) {
		for _, fault := range faults {
			complain(terminal.Line(fault.Error()))
		}
		return errShown
	}
	if err != nil {
		return err
	}
	if configs.IsExposed(c.File) {
		complain(terminal.Line(exposed(c.File)))
	}
	noun := "cameras"
	if len(config.Cameras) == 1 {
		noun = "camera"
	}
	fmt.Printf("%s: ok, %d %s\n", terminal.Line(c.File), len(config.Cameras), noun)
	return nil
}
