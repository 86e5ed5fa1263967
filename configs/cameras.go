package configs

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/framegate/framegate/configs/internal/node"
	"github.com/framegate/framegate/pipeline/frame"

	"github.com/goccy/go-yaml/ast"
)

// decodeCameras decodes the list of cameras, fills in the defaults, and checks what the tags cannot express.
func (d *decoder) decodeCameras(config *Config) {
	list, ok := d.cameras.(*ast.SequenceNode)
	if !ok {
		d.fault(placeOfNode(d.cameras), "cameras: expected a list, found %s", kindOf(d.cameras))
		return
	}
	lines := map[string]int{} // of the ids
	for i, item := range list.Values {
		camera, path := NewCamera(config.Defaults), CameraPath(i)
		d.places[path] = placeOfNode(item)
		if entries, _ := node.Entries(d.resolve(item)); entries == nil {
			d.fault(placeOfNode(item), "%s: expected the keys and values of a camera", path)
			continue
		}
		d.object(item, reflect.ValueOf(&camera).Elem(), path, 1)
		d.checkID(&camera, path, lines)
		d.checkSize(path)
		d.ownSize(&camera, path)
		d.checkMasks(&camera, path)
		d.checkCrop(&camera, path)
		d.checkAspects(&camera, path)
		d.checkSource(&camera, path)
		config.Cameras = append(config.Cameras, camera)
	}
}

// CameraPath returns the path of a camera in the list, as in the message of a Fault.
func CameraPath(index int) string { return fmt.Sprintf("cameras[%d]", index) }

var idForm = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

func (d *decoder) checkID(c *Camera, path string, lines map[string]int) {
	at := d.at(path + ".id")
	switch first, taken := lines[c.ID]; {
	case c.ID == "":
		d.fault(at, "%s has no id", path)
	case !idForm.MatchString(c.ID):
		d.fault(at, "%s.id is %q; it must be 1 to 64 characters of a-z, 0-9, _ and -", path, c.ID)
	case taken:
		d.fault(at, "%s.id is %q, which the camera on line %d already has", path, c.ID, first)
	default:
		lines[c.ID] = at.line
	}
	c.Name = cmp.Or(c.Name, c.ID)
}

// checkSize refuses a size that is given in two ways.
func (d *decoder) checkSize(path string) {
	if d.has(path+".scale") && (d.has(path+".width") || d.has(path+".height")) {
		d.fault(d.at(path+".scale"), "%s has scale and also width or height; keep one", path)
	}
}

// ownSize removes a default size if the camera has a size of its own: width and height override a default scale, and a scale overrides a
// default width and height. A width alone also removes a default height, and the reverse.
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

// checkMasks refuses masks that hide nothing or reach beyond the picture, because they must be mistakes.
func (d *decoder) checkMasks(c *Camera, path string) {
	for i, m := range c.Masks {
		at := fmt.Sprintf("%s.masks[%d]", path, i)
		const slack = 1e-9 // a sum of fractions may be slightly more than 1
		switch {
		case m.Width == 0 || m.Height == 0:
			d.fault(d.at(at), "%s needs a width and a height", at)
		case m.X+m.Width > 1+slack:
			d.fault(d.at(at), "%s: x and width add up to %v, more than the picture's width of 1", at, m.X+m.Width)
		case m.Y+m.Height > 1+slack:
			d.fault(d.at(at), "%s: y and height add up to %v, more than the picture's height of 1", at, m.Y+m.Height)
		}
	}
}

// checkCrop parses which part of the picture is shown. An empty crop is a fault, because whoever writes the key wants to hide something.
func (d *decoder) checkCrop(c *Camera, path string) {
	at := path + ".crop"
	if !d.has(at) || d.faulty(at) {
		return
	}
	ok := len(c.Crop) == 4
	if ok {
		c.ParsedCrop, ok = frame.NewCrop(c.Crop[0], c.Crop[1], c.Crop[2], c.Crop[3])
	}
	if !ok {
		d.fault(d.at(at), "%s is %v; it must be a list of %s", at, c.Crop, frame.CropLimits)
	}
}

// checkAspects checks the aspects of the camera's streams. checkSource and checkSubstream use them.
func (d *decoder) checkAspects(c *Camera, path string) {
	for _, given := range []struct{ key, text string }{{"aspect", c.Aspect}, {"substream_aspect", c.SubstreamAspect}} {
		at := path + "." + given.key
		if _, err := parseAspect(given.text); err != nil {
			d.fault(d.at(at), "%s is %q; it must be %v", at, given.text, err)
		}
	}
	if c.SubstreamAspect != "" && c.Substream == "" {
		d.fault(d.at(path+".substream_aspect"), "%s.substream_aspect has no effect without substream", path)
	}
}

// aspectForm matches a width and a height of up to four digits.
var aspectForm = regexp.MustCompile(`^([1-9][0-9]{0,3}):([1-9][0-9]{0,3})$`)

// parseAspect parses an aspect such as 16:9. An empty text gives the zero Ratio. The error completes the sentence 'it must be …'.
func parseAspect(text string) (frame.Ratio, error) {
	if text == "" {
		return frame.Ratio{}, nil
	}
	sides := aspectForm.FindStringSubmatch(text)
	if sides == nil {
		return frame.Ratio{}, errors.New("two whole numbers, such as 16:9")
	}
	width, _ := strconv.Atoi(sides[1])
	height, _ := strconv.Atoi(sides[2])
	if width > frame.MaxAspect*height || height > frame.MaxAspect*width {
		return frame.Ratio{}, fmt.Errorf("from 1:%[1]d to %[1]d:1", frame.MaxAspect)
	}
	return frame.Ratio{Width: width, Height: height}, nil
}

func (d *decoder) checkSource(c *Camera, path string) {
	d.checkPassword(c, path)
	switch {
	case c.URL == "" && c.Vendor == "" && d.has(path+".vendor"):
		return // decoding found the fault
	case c.URL == "" && c.Vendor == "":
		d.fault(d.at(path+".url"), "%s has neither url nor vendor", path)
		return
	case c.URL != "" && c.Vendor != "":
		d.fault(d.at(path+".vendor"), "%s has both url and vendor; keep one", path)
		return
	case c.Vendor != "" && c.Host == "":
		d.fault(d.at(path+".vendor"), "%s: vendor needs a host", path)
		return
	case c.Vendor != "" && !isCameraHost(c.Host):
		d.fault(d.at(path+".host"), "%s.host must be a name or an address and nothing else", path)
		return
	}
	for _, key := range []string{"host", "port", "channel", "stream"} {
		if c.Vendor == "" && d.has(path+"."+key) {
			d.fault(d.at(path+"."+key), "%s.%s has no effect without vendor", path, key)
		}
	}
	source, err := c.source(c.URL)
	if err != nil {
		d.fault(d.at(path+".url"), "%s.url: %v", path, err)
		return
	}
	c.Source = source
	c.Source.Aspect, _ = parseAspect(c.Aspect)
	d.checkCredentials(c, path)
	d.checkTLSCA(c, path)
	d.checkSubstream(c, path)
}

// isCameraHost reports whether a text can be the host of a URL, without a port and without the brackets of an IPv6 address.
func isCameraHost(text string) bool {
	if strings.ContainsAny(text, "/@?#[] \"'") {
		return false
	}
	_, err := netip.ParseAddr(text)
	return err == nil || !strings.Contains(text, ":")
}

// checkPassword reads the password from its file, if there is one.
func (d *decoder) checkPassword(c *Camera, path string) {
	if c.PasswordFile == "" {
		return
	}
	at := d.at(path + ".password_file")
	if c.Password != "" {
		d.fault(at, "%s has both password and password_file; keep one", path)
		return
	}
	content, err := d.read(c.PasswordFile, maxPassword)
	if err != nil {
		d.fault(at, "%s.password_file: %v", path, err)
		return
	}
	c.Password = Secret(strings.TrimRight(string(content), "\r\n"))
}

func (d *decoder) checkCredentials(c *Camera, path string) {
	switch {
	case (c.Username != "" || c.Password != "") && !schemes[c.Source.URL.Scheme].credentials:
		d.fault(d.atFirst(path, "username", "password", "password_file"), "%s: %v", path, errNoCredentials(c.Source.URL.Scheme))
	case c.Password != "" && c.Username == "":
		d.fault(d.atFirst(path, "password", "password_file"), "%s: password needs a username", path)
	}
}

// atFirst returns the place of the first of the keys that the camera has.
func (d *decoder) atFirst(path string, keys ...string) place {
	for _, key := range keys {
		if d.has(path + "." + key) {
			return d.at(path + "." + key)
		}
	}
	return d.at(path)
}

// checkTLSCA reads the file of tls_ca, only to find out whether it can be read: it is read again for each connection.
func (d *decoder) checkTLSCA(c *Camera, path string) {
	if c.TLSCA == "" {
		return
	}
	at := d.at(path + ".tls_ca")
	if !schemes[c.Source.URL.Scheme].tls {
		d.fault(at, "%s.tls_ca has no effect without %s", path, tlsSchemes())
		return
	}
	if _, err := d.read(c.TLSCA, MaxCertificates); err != nil {
		d.fault(at, "%s.tls_ca: %v", path, err)
	}
	c.TLSCA = d.beside(c.TLSCA)
	c.Source.TLSCA = c.TLSCA
}

// tlsSchemes names the schemes that take a certificate to trust.
func tlsSchemes() string {
	var names []string
	for name, s := range schemes {
		if s.tls {
			names = append(names, name+"://")
		}
	}
	slices.Sort(names)
	return strings.Join(names, " or ")
}

// checkSubstream parses the substream. It takes the camera's credentials, unless its URL has its own or its scheme takes none, such as
// file://.
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
	source.Aspect, _ = parseAspect(cmp.Or(c.SubstreamAspect, c.Aspect))
	c.Sub = &source
}

// read returns the content of a file that the configuration names, and notes that the file belongs to the configuration.
func (d *decoder) read(path string, limit int64) ([]byte, error) {
	path = d.beside(path)
	if !slices.Contains(d.files, path) {
		d.files = append(d.files, path)
	}
	return ReadBounded(path, limit)
}

// beside resolves a path relative to the folder of the configuration.
func (d *decoder) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(d.file), path)
}
