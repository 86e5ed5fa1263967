package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/certificate"
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
			printStderr(terminal.Line(fault.Error()))
		}
		return errReported
	}
	if err != nil {
		return err
	}
	if configs.IsExposed(c.File) {
		printStderr(terminal.Line(exposed(c.File)))
	}
	if pair := config.TLS.Pair; pair != nil && certificate.EndsSoon(pair.Leaf, time.Now()) {
		printStderr(terminal.Line(fmt.Sprintf("%s: %s (%s, %s)", c.File, certificate.Warning, config.TLS.Cert, pair.Leaf.NotAfter.Local().Format(time.DateTime))))
	}
	noun := "cameras"
	if len(config.Cameras) == 1 {
		noun = "camera"
	}
	fmt.Printf("%s: ok, %d %s\n", terminal.Line(c.File), len(config.Cameras), noun)
	return nil
}
