package configs

import (
	"fmt"
	"strings"
)

// LinkKey is a key that signs links.
type LinkKey struct {
	ID         string `yaml:"id" doc:"Name of the key in links: 1 to 64 characters of a-z, 0-9, _ and -."`
	Secret     Secret `yaml:"secret" doc:"What links are signed with: at least 32 bytes, such as those that 'openssl rand -hex 32' prints. ${NAME} takes an environment variable."`
	SecretFile string `yaml:"secret_file" doc:"File with the secret; a relative path is resolved in the folder of the configuration."`
}

// minLinkSecret is the shortest secret of a link key in bytes. It is the length of the signature.
const minLinkSecret = 32

// checkLinkKeys checks the keys of signed links and reads their files.
func (d *decoder) checkLinkKeys(keys []LinkKey) {
	lines := map[string]int{} // of the ids
	for i := range keys {
		key, path := &keys[i], fmt.Sprintf("auth.link_keys[%d]", i)
		at := d.at(path + ".id")
		switch first, taken := lines[key.ID]; {
		case key.ID == "":
			d.fault(at, "%s has no id", path)
		case !idForm.MatchString(key.ID):
			d.fault(at, "%s.id is %q; it must be 1 to 64 characters of a-z, 0-9, _ and -", path, key.ID)
		case taken:
			d.fault(at, "%s.id is %q, which the key on line %d already has", path, key.ID, first)
		default:
			lines[key.ID] = at.line
		}
		d.checkLinkSecret(key, path)
	}
}

func (d *decoder) checkLinkSecret(key *LinkKey, path string) {
	at := path + ".secret"
	switch {
	case d.faulty(path + ".secret"): // such as a variable that is not set
		return
	case key.Secret != "" && key.SecretFile != "":
		d.fault(d.at(path+".secret_file"), "%s has both secret and secret_file; keep one", path)
		return
	case key.SecretFile != "":
		at = path + ".secret_file"
		content, err := d.read(key.SecretFile, maxPassword)
		if err != nil {
			d.fault(d.at(at), "%s: %v", at, err)
			return
		}
		key.Secret = Secret(strings.TrimRight(string(content), "\r\n"))
	}
	if len(key.Secret) < minLinkSecret {
		d.fault(d.at(at), "%s needs a secret of at least %d bytes, such as those that 'openssl rand -hex 32' prints", path, minLinkSecret)
	}
}
