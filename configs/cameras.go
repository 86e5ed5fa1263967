package configs

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
)

// decodeCameras decodes the list of cameras, each beginning from the defaults, and checks what the tags
// cannot say.
func (d *decoder) decodeCameras(config *Config) {
	list, ok := d.cameras.(*ast.SequenceNode)
	if !ok {
		d.fault(placeOfNode(d.cameras), "cameras: expected a list, found %s", kindOf(d.cameras))
		return
	}
	lines := map[string]int{} // of each id
	for i, item := range list.Values {
		camera, path := defaultCamera(config.Defaults), CameraPath(i)
		d.places[path] = placeOfNode(item)
		if entries, _ := node.Entries(d.resolve(item)); entries == nil {
			d.fault(placeOfNode(item), "%s: expected keys and values of a camera", path)
			continue
		}
		d.object(item, reflect.ValueOf(&camera).Elem(), path, 1)
		d.checkID(&camera, path, lines)
		d.checkSize(path)
		d.ownSize(&camera, path)
		d.checkMasks(&camera, path)
		d.checkSource(&camera, path)
		config.Cameras = append(config.Cameras, camera)
	}
}

// CameraPath is how a Fault names a camera by its index in the list.
func CameraPath(index int) string { return fmt.Sprintf("cameras[%d]", index) }

var idForm = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

func (d *decoder) checkID(c *Camera, path string, lines map[string]int) {
	at := d.at(path + ".id")
	switch first, twice := lines[c.ID]; {
	case c.ID == "":
		d.fault(at, "%s has no id", path)
	case !idForm.MatchString(c.ID):
		d.fault(at, "%s.id is %q; it must be 1 to 64 of a-z, 0-9, _ and -", path, c.ID)
	case twice:
		d.fault(at, "%s.id is %q, as is that of the camera in line %d", path, c.ID, first)
	default:
		lines[c.ID] = at.line
	}
	c.Name = cmp.Or(c.Name, c.ID)
}

// checkSize refuses a size given in two ways.
func (d *decoder) checkSize(path string) {
	if d.has(path+".scale") && (d.has(path+".width") || d.has(path+".height")) {
		d.fault(d.at(path+".scale"), "%s: scale and width or height exclude each other", path)
	}
}

// ownSize makes a camera's own size hide a default one that is given in another way.
func (d *decoder) ownSize(c *Camera, path string) {
	switch {
	case d.has(path + ".scale"):
		c.Width, c.Height = 0, 0
	case d.has(path+".width") || d.has(path+".height"):
		c.Scale = 0
		if !d.has(path + ".width") {
			c.Width = 0
		}
		if !d.has(path + ".height") {
			c.Height = 0
		}
	}
}

func (d *decoder) checkSource(c *Camera, path string) {
	d.checkPassword(c, path)
	switch {
	case c.URL == "" && c.Vendor == "" && d.has(path+".vendor"):
		return // its fault was told
	case c.URL == "" && c.Vendor == "":
		d.fault(d.at(path+".url"), "%s has neither url nor vendor", path)
		return
	case c.URL != "" && c.Vendor != "":
		d.fault(d.at(path+".vendor"), "%s: url and vendor exclude each other", path)
		return
	case c.Vendor != "" && c.Host == "":
		d.fault(d.at(path+".vendor"), "%s: vendor needs a host", path)
		return
	case c.Vendor != "" && strings.ContainsAny(c.Host, "/@?# \"'"):
		d.fault(d.at(path+".host"), "%s.host must be a name or an address alone", path)
		return
	}
	for _, key := range []string{"host", "port", "channel", "stream"} {
		if c.Vendor == "" && d.has(path+"."+key) {
			d.fault(d.at(path+"."+key), "%s.%s goes with vendor", path, key)
		}
	}
	source, err := c.source(c.URL)
	if err != nil {
		d.fault(d.at(path+".url"), "%s.url: %v", path, err)
		return
	}
	c.Source = source
	d.checkCredentials(c, path)
	d.checkTLS(c, path)
	d.checkSubstream(c, path)
}

func (d *decoder) checkSubstream(c *Camera, path string) {
	if c.Substream == "" {
		return
	}
	sub := *c
	sub.Username, sub.Password = c.Source.Username, c.Source.Password
	if own, err := url.Parse(c.Substream); err == nil && own.User != nil {
		sub.Username, sub.Password = "", ""
	}
	source, err := sub.source(c.Substream)
	if err == nil && sub.Username != "" && !schemes[source.URL.Scheme].credentials {
		source.Username, source.Password = "", ""
	}
	if err != nil {
		d.fault(d.at(path+".substream"), "%s.substream: %v", path, err)
		return
	}
	source.TLSCA = c.Source.TLSCA
	c.Sub = &source
}

// checkMasks refuses a mask that hides nothing or reaches out of the picture: its writer meant another.
func (d *decoder) checkMasks(c *Camera, path string) {
	for i, m := range c.Masks {
		at := fmt.Sprintf("%s.masks[%d]", path, i)
		const slack = 1e-9 // 0.7 + 0.3 may be more than 1
		switch {
		case m.Width == 0 || m.Height == 0:
			d.fault(d.at(at), "%s needs a width and a height", at)
		case m.X+m.Width > 1+slack:
			d.fault(d.at(at), "%s: x and width are %v together, more than the picture's width of 1", at, m.X+m.Width)
		case m.Y+m.Height > 1+slack:
			d.fault(d.at(at), "%s: y and height are %v together, more than the picture's height of 1", at, m.Y+m.Height)
		}
	}
}

// checkPassword reads the password file.
func (d *decoder) checkPassword(c *Camera, path string) {
	if c.PasswordFile == "" {
		return
	}
	at := d.at(path + ".password_file")
	if c.Password != "" {
		d.fault(at, "%s: password and password_file exclude each other", path)
		return
	}
	content, err := d.read(c.PasswordFile)
	if err != nil {
		d.fault(at, "%s.password_file: %v", path, err)
		return
	}
	c.Password = Secret(strings.TrimRight(string(content), "\r\n"))
}

func (d *decoder) checkCredentials(c *Camera, path string) {
	switch {
	case (c.Username != "" || c.Password != "") && !schemes[c.Source.URL.Scheme].credentials:
		d.fault(d.at(path+".username"), "%s: a %s:// source takes no user and password", path, c.Source.URL.Scheme)
	case c.Password != "" && c.Username == "":
		d.fault(d.at(path+".password"), "%s: a password without username", path)
	}
}

func (d *decoder) checkTLS(c *Camera, path string) {
	if c.TLSCA == "" {
		return
	}
	at := d.at(path + ".tls_ca")
	if !schemes[c.Source.URL.Scheme].tls {
		d.fault(at, "%s.tls_ca goes with rtsps:// and https://", path)
		return
	}
	c.TLSCA = d.beside(c.TLSCA)
	c.Source.TLSCA = c.TLSCA
	if _, err := os.Stat(c.TLSCA); err != nil {
		d.fault(at, "%s.tls_ca: %v", path, err)
	}
}

// read reads a file that the configuration names.
func (d *decoder) read(path string) ([]byte, error) {
	path = d.beside(path)
	d.files = append(d.files, path)
	return os.ReadFile(path)
}

// beside makes a relative path one beside the configuration.
func (d *decoder) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(d.file), path)
}
