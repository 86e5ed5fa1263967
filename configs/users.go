package configs

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"

	"github.com/framegate/framegate/configs/password"
)

// Auth says who may see cameras, and who may change them.
type Auth struct {
	Open  bool      `yaml:"open" default:"false" doc:"Lets everybody who reaches framegate's address watch. Changes still need an admin."`
	Users []User    `yaml:"users" doc:"Who may sign in with a name and a password. 'framegate user add' writes them."`
	Proxy ProxyAuth `yaml:"proxy" doc:"Users whom a proxy has authenticated and names in headers."`
	JWT   JWT       `yaml:"jwt" doc:"JSON Web Tokens of another server, which requests carry in the header Authorization or the parameter token."`

	LinkKeys []LinkKey `yaml:"link_keys" doc:"Keys of signed links: the first one signs, all of them are accepted. Without any, framegate makes keys of its own in its state directory."`
}

// User is a person or a program that signs in with a name and a password.
type User struct {
	Name         string   `yaml:"name" doc:"Name to sign in with: 1 to 64 characters of A-Z, a-z, 0-9 and ._@+-."`
	PasswordHash Secret   `yaml:"password_hash" doc:"Hash of the password, argon2id in the PHC string format, as 'framegate user add' writes it."`
	Role         string   `yaml:"role" enum:"viewer,admin" default:"viewer" doc:"What the user may do: viewer sees cameras, admin changes them too."`
	Cameras      []string `yaml:"cameras" doc:"Patterns of the ids of the cameras that the user may see; * stands for any characters and ? for one. Without it, all. An admin sees all."`
}

// The values of Role.
const (
	ViewerRole = "viewer"
	AdminRole  = "admin"
)

// HasAdmin reports whether one of the users is an admin.
func HasAdmin(users []User) bool {
	return slices.ContainsFunc(users, func(u User) bool { return u.Role == AdminRole })
}

// UserPath returns the path of a user in the list, as in the message of a Fault.
func UserPath(index int) string { return fmt.Sprintf("auth.users[%d]", index) }

var nameForm = regexp.MustCompile(`^[A-Za-z0-9._@+-]{1,64}$`)

// checkUsers checks the users.
func (d *decoder) checkUsers(users []User) {
	lines := map[string]int{} // of the names
	for i, user := range users {
		at := UserPath(i)
		if d.faulty(at + ": expected") { // it is not a mapping
			continue
		}
		d.checkUserName(user.Name, at, lines)
		switch err := password.Validate(user.PasswordHash.Reveal()); {
		case user.PasswordHash == "" && d.faulty(at+".password_hash"):
		case user.PasswordHash == "":
			d.fault(d.at(at+".password_hash"), "%s has no password_hash; 'framegate user add' writes one", at)
		case err != nil:
			d.fault(d.at(at+".password_hash"), "%s.password_hash is %q; it must be %v", at, masked, err)
		}
		if user.Role == AdminRole && !AllCameras(user.Cameras) {
			d.fault(d.at(at+".cameras"), "%s has cameras and is an admin; an admin sees all cameras", at)
		}
		if user.Cameras != nil && len(user.Cameras) == 0 {
			d.fault(d.at(at+".cameras"), "%s.cameras is an empty list; leave it out, or write ['*'], for all cameras", at)
		}
		for j, pattern := range user.Cameras {
			if err := checkPattern(pattern); err != nil {
				at := fmt.Sprintf("%s.cameras[%d]", at, j)
				d.fault(d.at(at), "%s is %q; it must be %v", at, pattern, err)
			}
		}
	}
}

// AllCameras reports whether patterns include all cameras: there are none, or one of them is '*'.
func AllCameras(patterns []string) bool { return len(patterns) == 0 || slices.Contains(patterns, "*") }

// CheckUser returns what is wrong with the name of a user or with the patterns of the user's cameras, or nil.
func CheckUser(name string, cameras []string) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("the name is %q; it must be %w", name, err)
	}
	for _, pattern := range cameras {
		if err := checkPattern(pattern); err != nil {
			return fmt.Errorf("the camera is %q; it must be %w", pattern, err)
		}
	}
	return nil
}

// checkName returns an error that completes the sentence 'it must be …', like checkPattern.
func checkName(name string) error {
	if !nameForm.MatchString(name) {
		return errors.New("1 to 64 characters of A-Z, a-z, 0-9 and ._@+-")
	}
	return nil
}

func checkPattern(pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		return errors.New("the id of a camera, in which * and ? may stand for characters")
	}
	return nil
}

func (d *decoder) checkUserName(name, path string, lines map[string]int) {
	at := d.at(path + ".name")
	err := checkName(name)
	switch first, taken := lines[name]; {
	case name == "" && d.faulty(path+".name:"):
	case name == "":
		d.fault(at, "%s has no name", path)
	case err != nil:
		d.fault(at, "%s.name is %q; it must be %v", path, name, err)
	case taken:
		d.fault(at, "%s.name is %q, which the user on line %d already has", path, name, first)
	default:
		lines[name] = at.line
	}
}
