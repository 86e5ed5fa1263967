package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/edit"
	"github.com/framegate/framegate/configs/password"
	"github.com/framegate/framegate/internal/terminal"
)

// user are the commands for the users of a configuration. A running framegate takes their changes over by itself.
type user struct {
	Add    userAdd    `cmd:"" help:"Add a user, or change the password of one. It is asked for, or read from stdin as one line."`
	Remove userRemove `cmd:"" help:"Remove a user."`
	List   userList   `cmd:"" help:"Print the users, their roles and the cameras that they may see."`
}

// userFile names the configuration.
type userFile struct {
	Config string `placeholder:"FILE" help:"Configuration. Without it: $$FRAMEGATE_CONFIG, ${searched}."`
}

type userAdd struct {
	Name    string   `arg:"" help:"Name to sign in with."`
	Admin   *bool    `negatable:"" help:"Let the user see and change all cameras; --no-admin takes that back. A user who exists stays what it is without either."`
	Cameras []string `placeholder:"GLOB" help:"Cameras that the user may see, by their ids, with commas between; * stands for any characters and ? for one. By default all; '*' takes a limit back."`
	userFile
}

func (c userAdd) Run(ctx context.Context) error {
	file, config, err := c.open()
	if err != nil {
		return err
	}
	if c.Cameras != nil && len(c.Cameras) == 0 {
		return errors.New("--cameras names no camera; leave it out for all cameras")
	}
	if err := configs.CheckUser(c.Name, c.Cameras); err != nil {
		return err
	}
	isAdmin := slices.ContainsFunc(config.Auth.Users, func(u configs.User) bool { return u.Name == c.Name && u.Role == configs.AdminRole })
	if c.Admin != nil {
		isAdmin = *c.Admin
	}
	if isAdmin && !configs.AllCameras(c.Cameras) {
		return errors.New("an admin sees all cameras: leave out --cameras, or make the user a viewer with --no-admin")
	}
	text, err := readPassword(ctx, c.Name)
	if err != nil {
		return err
	}
	hash, err := password.New(text)
	if err != nil {
		return err
	}
	created, err := file.SetUser(c.Name, c.keys(hash))
	if err != nil {
		return refusedFile(file.Path, err)
	}
	done := "added the user %s to %s\n"
	if !created {
		done = "changed the password of the user %s in %s\n"
	}
	fmt.Printf(done, c.Name, terminal.Line(file.Path))
	if created && len(config.Auth.Users) == 0 {
		fmt.Println("From now on everybody needs a name and a password, on this machine too.")
		if c.Admin == nil || !*c.Admin {
			fmt.Println(noAdmin)
		}
	}
	return nil
}

// keys are the keys of the user that change.
func (c userAdd) keys(hash string) edit.Keys {
	keys := edit.Keys{{Name: "password_hash", Value: hash}}
	switch {
	case c.Admin != nil && *c.Admin:
		keys = append(keys, edit.Key{Name: "role", Value: configs.AdminRole})
	case c.Admin != nil:
		keys = append(keys, edit.Key{Name: "role", Value: configs.ViewerRole})
	}
	switch {
	case slices.Contains(c.Cameras, "*"), c.Admin != nil && *c.Admin: // an admin sees all
		keys = append(keys, edit.Key{Name: "cameras"})
	case len(c.Cameras) > 0:
		var patterns []any
		for _, pattern := range c.Cameras {
			patterns = append(patterns, pattern)
		}
		keys = append(keys, edit.Key{Name: "cameras", Value: patterns})
	}
	return keys
}

// noAdmin is what the commands say when the last admin has gone.
const noAdmin = "There is no admin: add one with 'framegate user add NAME --admin' to change cameras otherwise than in the file."

type userRemove struct {
	Name string `arg:"" help:"Name of the user."`
	userFile
}

func (c userRemove) Run() error {
	file, config, err := c.open()
	if err != nil {
		return err
	}
	if err := file.RemoveUser(c.Name); err != nil {
		return refusedFile(file.Path, err)
	}
	fmt.Printf("removed the user %s from %s\n", c.Name, terminal.Line(file.Path))
	rest := slices.DeleteFunc(slices.Clone(config.Auth.Users), func(u configs.User) bool { return u.Name == c.Name })
	switch {
	case len(rest) == 0:
		fmt.Println("There are no users any more: only this machine may change cameras, without a password.")
	case !slices.ContainsFunc(rest, func(u configs.User) bool { return u.Role == configs.AdminRole }):
		fmt.Println(noAdmin)
	}
	return nil
}

type userList struct{ userFile }

func (c userList) Run() error {
	_, config, err := c.open()
	if err != nil {
		return err
	}
	if len(config.Auth.Users) == 0 {
		fmt.Println("There are no users.")
		return nil
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tROLE\tCAMERAS")
	for _, user := range config.Auth.Users {
		cameras := "all"
		if len(user.Cameras) > 0 {
			cameras = strings.Join(user.Cameras, ", ")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", user.Name, user.Role, terminal.Line(cameras))
	}
	return table.Flush()
}

// open reads the configuration that a command is for.
func (f userFile) open() (*edit.File, *configs.Config, error) {
	path, err := configs.Find(f.Config)
	if errors.Is(err, configs.ErrNone) {
		return nil, nil, fmt.Errorf("%w; name one with --config FILE", err)
	}
	if err != nil {
		return nil, nil, err
	}
	file := &edit.File{Path: path}
	config, err := file.Load()
	if err != nil {
		if !setMissing(path) {
			return nil, nil, err
		}
		if config, err = file.Load(); err != nil {
			return nil, nil, err
		}
	}
	return file, config, nil
}

// setMissing sets the variables that a configuration names and only the service has. It reports whether these were all that was wrong.
func setMissing(path string) bool {
	content, err := configs.ReadFile(path)
	if err != nil {
		return false
	}
	_, err = configs.Parse(path, content, func(name string) (string, bool) {
		if _, ok := os.LookupEnv(name); !ok {
			os.Setenv(name, missing)
		}
		return os.LookupEnv(name)
	})
	return err == nil
}

// refusedFile adds the name of the file to the reason why it was not changed.
func refusedFile(path string, err error) error {
	if errors.Is(err, edit.ErrReadOnly) || errors.Is(err, edit.ErrNoUser) || errors.Is(err, edit.ErrByHand) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}
