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

// user has the commands for the users of a configuration. A running framegate notices what they change.
type user struct {
	Add    userAdd    `cmd:"" help:"Add a user, or change the password of an existing one, and the role and the cameras if they are given. The password is asked for, or read from stdin as one line."`
	Change userChange `cmd:"" help:"Change a user's role or cameras, but not the password."`
	Remove userRemove `cmd:"" help:"Remove a user."`
	List   userList   `cmd:"" help:"Print the users, their roles and the cameras that they may see."`
}

// userFile names the configuration.
type userFile struct {
	Config string `placeholder:"FILE" help:"Configuration. Without it: $$FRAMEGATE_CONFIG, ${searched}."`
}

// userRights is a user, and the changes to the user's rights.
type userRights struct {
	Name    string   `arg:"" help:"Name to sign in with."`
	Admin   *bool    `negatable:"" help:"Make the user an admin, who may see and change all cameras; --no-admin makes the user a viewer. Without either, an existing user keeps the role."`
	Cameras []string `placeholder:"GLOB" help:"Patterns of the ids of the cameras that the user may see, separated by commas; * stands for any characters and ? for one. Without it, a new user sees all cameras, and an existing user keeps the limit; '*' removes it."`
	userFile
}

// check returns what is wrong with the rights, or nil.
func (c userRights) check(config *configs.Config) error {
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
	return nil
}

// print prints what the user may do now, according to the file. It also says if there is no admin, and if everybody may read the file.
func (c userRights) print(file *edit.File) error {
	config, err := file.Load()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(config.Auth.Users, func(u configs.User) bool { return u.Name == c.Name })
	if i >= 0 { // else somebody has removed the user meanwhile
		fmt.Printf("%s is %s; cameras: %s\n", c.Name, withArticle[config.Auth.Users[i].Role], terminal.Line(camerasOf(config.Auth.Users[i])))
	}
	if !configs.HasAdmin(config.Auth.Users) {
		fmt.Println(noAdmin)
	}
	if configs.IsExposed(file.Path) {
		printStderr("framegate: " + terminal.Line(exposed(file.Path)))
	}
	return nil
}

// withArticle has each role with its article.
var withArticle = map[string]string{configs.AdminRole: "an admin", configs.ViewerRole: "a viewer"}

// camerasOf describes the cameras that a user may see.
func camerasOf(u configs.User) string {
	if configs.AllCameras(u.Cameras) {
		return "all"
	}
	return strings.Join(u.Cameras, ", ")
}

// exposed returns the warning that everybody may read a configuration.
func exposed(path string) string {
	return path + ": every user of this machine can read this file, which has passwords or other secrets: run 'chmod o-r' on it"
}

type userChange struct{ userRights }

func (c userChange) Run() error {
	file, config, err := c.open()
	if err != nil {
		return err
	}
	switch {
	case !slices.ContainsFunc(config.Auth.Users, func(u configs.User) bool { return u.Name == c.Name }):
		return withPath(file.Path, fmt.Errorf("%w: %s", edit.ErrNoUser, c.Name))
	case c.Admin == nil && c.Cameras == nil:
		return errors.New("nothing to change: give --admin, --no-admin or --cameras; 'framegate user add' changes the password")
	}
	if err := c.check(config); err != nil {
		return err
	}
	if _, err := file.SetUser(c.Name, c.keys(), edit.KeepAdmin); err != nil {
		return withPath(file.Path, err)
	}
	fmt.Printf("changed the user %s in %s\n", c.Name, terminal.Line(file.Path))
	return c.print(file)
}

type userAdd struct{ userRights }

func (c userAdd) Run(ctx context.Context) error {
	file, config, err := c.open()
	if err != nil {
		return err
	}
	if err := c.check(config); err != nil {
		return err
	}
	text, err := readPassword(ctx, c.Name)
	if err != nil {
		return err
	}
	hash, err := password.New(text)
	if err != nil {
		return err
	}
	created, err := file.SetUser(c.Name, append(edit.Keys{{Name: "password_hash", Value: hash}}, c.keys()...), edit.KeepAdmin)
	if err != nil {
		return withPath(file.Path, err)
	}
	done := "added the user %s to %s\n"
	switch {
	case !created && len(c.keys()) > 0:
		done = "changed the password and the rights of the user %s in %s\n"
	case !created:
		done = "changed the password of the user %s in %s\n"
	}
	fmt.Printf(done, c.Name, terminal.Line(file.Path))
	if err := c.print(file); err != nil {
		return err
	}
	switch {
	case !created || len(config.Auth.Users) > 0: // not the first user
	case config.Auth.Open:
		fmt.Println("From now on only admins may change cameras; everybody may still watch, because of auth.open.")
	default:
		fmt.Println("From now on everybody needs a name and a password, on this machine too.")
	}
	return nil
}

// keys returns the keys of the configuration that change.
func (c userRights) keys() (keys edit.Keys) {
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

// noAdmin is printed if there are users and no admin among them.
const noAdmin = "There is no admin: add one with 'framegate user add NAME --admin' to change cameras through the API."

type userRemove struct {
	Name string `arg:"" help:"Name of the user."`
	userFile
}

func (c userRemove) Run() error {
	file, _, err := c.open()
	if err != nil {
		return err
	}
	if err := file.RemoveUser(c.Name, edit.KeepAdmin); err != nil {
		return withPath(file.Path, err)
	}
	fmt.Printf("removed the user %s from %s\n", c.Name, terminal.Line(file.Path))
	config, err := file.Load()
	switch {
	case err != nil:
		return err
	case len(config.Auth.Users) == 0:
		fmt.Println("There are no users any more: this machine may change cameras without a password.")
	case !configs.HasAdmin(config.Auth.Users):
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
	for _, u := range config.Auth.Users {
		fmt.Fprintf(table, "%s\t%s\t%s\n", u.Name, u.Role, terminal.Line(camerasOf(u)))
	}
	return table.Flush()
}

// open reads the configuration.
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

// setMissing sets the environment variables that a configuration uses and that are not set here to a stand-in, so that the file can be
// checked. It reports whether the configuration has no faults then.
func setMissing(path string) bool {
	content, err := configs.ReadFile(path)
	if err != nil {
		return false
	}
	_, err = configs.Parse(path, content, func(name string) (string, bool) {
		if _, ok := os.LookupEnv(name); !ok {
			os.Setenv(name, standIn)
		}
		return os.LookupEnv(name)
	})
	return err == nil
}

// withPath adds the path of the file to an error that does not have it.
func withPath(path string, err error) error {
	if errors.Is(err, edit.ErrReadOnly) || errors.Is(err, edit.ErrNoUser) || errors.Is(err, edit.ErrNoAdmin) || errors.Is(err, edit.ErrByHand) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}
