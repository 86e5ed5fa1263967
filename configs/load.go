package configs

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"golang.org/x/image/font/opentype"
)

// Demo is the configuration of the demo. Its cameras are at ${DEMO_RTSP}.
//
//go:embed demo.yaml
var Demo []byte

// searched is where a configuration is looked for when none is named.
var searched = []string{"framegate.yaml", "/etc/framegate/framegate.yaml"}

// ErrNone says that there is no configuration, and where it was looked for.
var ErrNone = errors.New("no configuration: $FRAMEGATE_CONFIG is not set, and neither ./" + strings.Join(searched, " nor ") + " exists")

// Find returns the path of the configuration: flag, else $FRAMEGATE_CONFIG, else ./framegate.yaml, else
// /etc/framegate/framegate.yaml. The error is ErrNone where there is none.
func Find(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if path := os.Getenv("FRAMEGATE_CONFIG"); path != "" {
		return path, nil
	}
	for _, path := range searched {
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return "", ErrNone
}

// Load reads, checks and completes the configuration in a file. The error is Faults where the content is
// wrong.
func Load(path string) (*Config, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, content, os.LookupEnv)
}

// Parse checks and completes a configuration. name stands in its faults, and relative paths in it are
// beside name; env looks up the variables of ${NAME}. The error is Faults with all that is wrong.
func Parse(name string, content []byte, env func(string) (string, bool)) (*Config, error) {
	config, d := decode(name, content, env)
	if len(d.faults) > 0 {
		return nil, d.faults.sorted()
	}
	return config, nil
}

// decode is Parse, and what is known of the text besides. The configuration is of use only without faults.
func decode(name string, content []byte, env func(string) (string, bool)) (*Config, *decoder) {
	d := &decoder{file: name, env: env, anchors: map[string]ast.Node{}, places: map[string]place{}}
	if !utf8.Valid(content) {
		d.fault(place{1, 1}, "the file is not UTF-8 text")
		return nil, d
	}
	// goccy/go-yaml v1.18.0 counts a line that ends in CRLF twice, and leaves the CR in texts.
	content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
	file, err := parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		message, at := node.SyntaxError(err)
		d.fault(placeOf(at), "%s", message)
		return nil, d
	}
	config := d.document(file)
	config.Files = append(d.files, name)
	return config, d
}

// Sets reports whether the content of a configuration has a key, such as cameras[0].overlay.text. The key may also come from an
// anchor, through <<.
func Sets(content []byte, path string) bool {
	_, d := decode("", content, os.LookupEnv)
	return d.has(path)
}

// Default returns the configuration of an empty file.
func Default() *Config {
	config := &Config{}
	setDefaults(reflect.ValueOf(config).Elem())
	return config
}

// defaultCamera is a camera that sets nothing.
func defaultCamera(defaults Settings) Camera {
	var camera Camera
	setDefaults(reflect.ValueOf(&camera).Elem())
	camera.Settings = defaults
	return camera
}

// setDefaults sets every field from its default tag.
func setDefaults(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() == reflect.Struct && f.Tag.Get("yaml") != "-" {
			setDefaults(v.Field(i))
		} else if text, ok := f.Tag.Lookup("default"); ok {
			if err := setScalar(v.Field(i), text, f.Tag); err != nil {
				panic(fmt.Sprintf("configs: default of %s: %v", f.Name, err))
			}
		}
	}
}

// document decodes the file.
func (d *decoder) document(file *ast.File) *Config {
	config := Default()
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.NullType && doc.Body.Type() != ast.CommentType {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return config
	case 1:
	default:
		d.fault(placeOfNode(bodies[1]), "a second document; a configuration is one")
		return config
	}
	ast.Walk(anchorVisitor(d.anchors), bodies[0])
	d.object(bodies[0], reflect.ValueOf(config).Elem(), "", 0)
	d.checkServer(config)
	d.checkFont(config)
	d.checkSize("defaults")
	if d.cameras != nil {
		d.decodeCameras(config)
	}
	return config
}

// checkServer checks what is not a camera's.
func (d *decoder) checkServer(config *Config) {
	_, port, err := net.SplitHostPort(config.Listen)
	if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || n == 0 && port != "0" {
		d.fault(d.at("listen"), "listen is %q; it must be host:port or :port", config.Listen)
	}
	for i, origin := range config.CORSOrigins {
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin) {
			d.fault(d.at("cors_origins"), "cors_origins[%d] is %q; it must be scheme://host, such as https://wall.example, or *", i, origin)
		}
	}
}

// checkFont reads the font of the placeholders.
func (d *decoder) checkFont(config *Config) {
	p := &config.Placeholders
	if p.Font == "" {
		return
	}
	content, err := d.read(p.Font)
	if err == nil {
		_, err = opentype.Parse(content)
	}
	if err != nil {
		d.fault(d.at("placeholders.font"), "placeholders.font: %v", err)
	}
	p.Typeface = content
}

// anchorVisitor collects anchors by name.
type anchorVisitor map[string]ast.Node

// Visit implements ast.Visitor.
func (a anchorVisitor) Visit(n ast.Node) ast.Visitor {
	if anchor, ok := n.(*ast.AnchorNode); ok {
		a[anchor.Name.GetToken().Value] = anchor.Value
	}
	return a
}
