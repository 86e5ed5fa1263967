package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	osuser "os/user"
	"slices"
	"strings"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/state"
	"github.com/framegate/framegate/internal/terminal"
	"github.com/framegate/framegate/web"
	"github.com/framegate/framegate/web/auth/links"
)

// sign prints a signed link, and nothing else, on stdout.
type sign struct {
	URL    string `arg:"" help:"URL of a camera's picture, such as http://cams.example/cameras/gate/stream?width=640, or only its path and query."`
	For    string `placeholder:"TIME" default:"${link_for}" help:"How long the link is valid, such as 90m, 36h or 30d."`
	Any    bool   `help:"Make the link valid for every picture of the camera, not only for this one."`
	Client string `placeholder:"ADDRESS" help:"Let only the client with this IP address use the link."`
	Config string `placeholder:"FILE" help:"Configuration. Without it: $$FRAMEGATE_CONFIG, ${searched}, or none."`
}

func (s sign) Run() error {
	request := links.Request{URL: s.URL, For: s.For, Any: s.Any, Client: s.Client}
	checked, err := request.Check()
	if err != nil {
		return err
	}
	if err := web.CheckPicture(s.URL); err != nil {
		return err
	}
	config, path, err := findConfig(s.Config)
	if err != nil {
		return err
	}
	if path != "" && !slices.ContainsFunc(config.Cameras, func(c configs.Camera) bool { return c.ID == checked.Camera }) {
		return fmt.Errorf("there is no camera %s in %s", checked.Camera, path)
	}
	l, err := commandLinks(config, forSigning)
	if err != nil {
		return err
	}
	signed, err := l.Sign(request)
	if err != nil {
		return err
	}
	if signed.MadeIn != "" {
		printStderr("framegate: made a key in " + terminal.Line(signed.MadeIn) + "; the link is valid at a framegate that has the same state directory")
	}
	fmt.Println(signed.URL)
	return nil
}

// revoke revokes one signed link.
type revoke struct {
	URL    string `arg:"" help:"The link that 'framegate sign' has printed, or its path and query."`
	Config string `placeholder:"FILE" help:"Configuration. Without it: $$FRAMEGATE_CONFIG, ${searched}, or none."`
}

func (r revoke) Run() error {
	config, _, err := findConfig(r.Config)
	if err != nil {
		return err
	}
	l, err := commandLinks(config, forRevoking)
	if err != nil {
		return err
	}
	done, err := l.RevokeLink(r.URL)
	if err != nil {
		return err
	}
	if done.In == "" {
		fmt.Printf("the link for %s has ended already\n", done.Camera)
		return nil
	}
	fmt.Printf("revoked the link for %s in %s\n", done.Camera, terminal.Line(done.In))
	return nil
}

// findConfig loads the configuration of a command. If there is none, and the flag names none, it returns the default configuration and no
// path. Environment variables that only the service has may be missing, unless a link key needs them.
func findConfig(flag string) (config *configs.Config, path string, err error) {
	path, err = configs.Find(flag)
	if errors.Is(err, configs.ErrNone) {
		return configs.Default(), "", nil
	}
	if err != nil {
		return nil, path, err
	}
	content, err := configs.ReadFile(path)
	if err != nil {
		return nil, path, err
	}
	config, err = configs.Parse(path, content, os.LookupEnv)
	if err == nil {
		return config, path, nil
	}
	lenient, lenientErr := configs.Parse(path, content, func(name string) (string, bool) {
		if value, ok := os.LookupEnv(name); ok {
			return value, true
		}
		return standIn, true
	})
	if lenientErr != nil || slices.ContainsFunc(lenient.Auth.LinkKeys, needsMissing) {
		return nil, path, err
	}
	return lenient, path, nil
}

// needsMissing reports whether the secret of a key is made of a variable that is not set.
func needsMissing(k configs.LinkKey) bool { return strings.Contains(k.Secret.Reveal(), standIn) }

// standIn replaces the value of a variable that is not set. It is long enough to be accepted as any secret.
const standIn = "(a variable that is not set here, which no key may be made of)"

// purpose is what a command does with links.
type purpose int

const (
	forSigning  purpose = iota // the state directory matters only if the configuration has no keys
	forRevoking                // single links are revoked in the state directory
)

// commandLinks returns the links of a command. It has its keys in common with a running framegate: through the configuration, or through
// the state directory. The error says that this is not the directory of the service.
func commandLinks(config *configs.Config, why purpose) (*links.Links, error) {
	if why == forRevoking || len(config.Auth.LinkKeys) == 0 {
		if err := state.UseService(); err != nil {
			return nil, err
		}
	}
	l := links.New(func() {}, slog.New(slog.DiscardHandler))
	l.By = operator()
	l.Configure(config)
	return l, nil
}

// maxOperator is how long the name of an operator may be in bytes.
const maxOperator = 32

// operator returns who runs this command: whoever called sudo, or else the account of the process.
func operator() string {
	name := os.Getenv("SUDO_USER")
	if name == "" {
		name = fmt.Sprint("user ", os.Geteuid())
		if account, err := osuser.Current(); err == nil {
			name = account.Username
		}
	}
	return terminal.Line(name[:min(len(name), maxOperator)])
}

// keys has the commands for the keys of signed links.
type keys struct {
	List   listKeys   `cmd:"" help:"Print the keys of signed links, without their secrets."`
	Rotate rotateKeys `cmd:"" help:"Make a new key that signs from now on. Links of the previous key stay valid; older keys are revoked."`
	Revoke revokeKey  `cmd:"" help:"End all links of a key."`

	Config string `placeholder:"FILE" help:"Configuration. Without it: $$FRAMEGATE_CONFIG, ${searched}, or none."`
}

type listKeys struct{}

func (listKeys) Run(all *keys) error {
	config, _, err := findConfig(all.Config)
	if err != nil {
		return err
	}
	l, err := commandLinks(config, forSigning)
	if err != nil {
		return err
	}
	list, err := l.Keys()
	if err != nil {
		return err
	}
	for _, k := range list {
		state := "accepted"
		switch {
		case k.Revoked != nil:
			state = "revoked " + k.Revoked.Local().Format(time.DateTime)
		case k.Signs:
			state = "signs"
		}
		made := "configured"
		if k.Made != nil {
			made = "made " + k.Made.Local().Format(time.DateTime)
		}
		fmt.Printf("%s  %s  %s\n", k.ID, made, state)
	}
	return nil
}

type rotateKeys struct{}

func (rotateKeys) Run(all *keys) error {
	config, _, err := findConfig(all.Config)
	if err != nil {
		return err
	}
	l, err := commandLinks(config, forSigning)
	if err != nil {
		return err
	}
	key, err := l.Rotate()
	if err != nil {
		return err
	}
	fmt.Println(key.ID)
	printStderr("framegate: made the key in " + keysPath())
	return nil
}

type revokeKey struct {
	ID string `arg:"" help:"ID of the key, which 'framegate keys list' prints and each link contains."`
}

func (r revokeKey) Run(all *keys) error {
	config, _, err := findConfig(all.Config)
	if err != nil {
		return err
	}
	l, err := commandLinks(config, forSigning)
	if err != nil {
		return err
	}
	if err := l.Revoke(r.ID); err != nil {
		return fmt.Errorf("key %s: %w", r.ID, err)
	}
	fmt.Printf("revoked the key %s in %s\n", r.ID, keysPath())
	return nil
}

// keysPath returns the path of the file with the keys, for messages.
func keysPath() string {
	path, _ := state.Path(links.KeysFile) // it has just been written
	return terminal.Line(path)
}
