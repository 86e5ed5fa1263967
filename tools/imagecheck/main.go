// Command imagecheck checks a framegate in a container as a client would, and fails unless every camera is shown.
//
//	imagecheck cameras FOLDER    serve test cameras of every kind, and write a configuration for them to FOLDER
//	imagecheck look URL          check the framegate that has this configuration
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	do := map[string]func(context.Context, string) error{"cameras": cameras, "look": look}
	if len(os.Args) != 3 || do[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: imagecheck cameras FOLDER | imagecheck look URL")
		os.Exit(2)
	}
	if err := do[os.Args[1]](ctx, os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "imagecheck: %v\n", err)
		os.Exit(1)
	}
}
