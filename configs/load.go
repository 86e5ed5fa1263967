package configs

import (
	"fmt"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"

	"golang.org/x/image/font/opentype"
)

// Load reads a file and parses it. The error is of type Faults if the file could be read.
func Load(path string) (*Config, error) {
	content, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, content, os.LookupEnv)
}

// Parse checks a configuration and fills in its defaults. name is the path of the file, for faults and relative paths; env looks up the
// variables of ${NAME}. The error is of type Faults.
func Parse(name string, content []byte, env func(string) (string, bool)) (*Config, error) {
	config, d := decode(name, content, env)
	if len(d.faults) > 0 {
		return nil, d.faults.sorted()
	}
	return config, nil
}

// HasKey reports whether a configuration has a key, such as cameras[0].overlay.text. The key may also come from an
// anchor, through <<.
func HasKey(content []byte, path string) bool {
	_, d := decode("", content, os.LookupEnv)
	return d.has(path)
}

// Default returns the configuration of an empty file.
func Default() *Config {
	config := &Config{Blank: true}
	setDefaults(reflect.ValueOf(config).Elem())
	return config
}

// NewCamera returns a camera without keys of its own. defaults are the values of its settings, as in Config.Defaults.
func NewCamera(defaults Settings) Camera {
	var camera Camera
	setDefaults(reflect.ValueOf(&camera).Elem())
	camera.Settings = defaults
	return camera
}

// setDefaults sets every field from its default tag.
func setDefaults(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type == reflect.TypeFor[Addresses]() {
			v.Field(i).Set(reflect.ValueOf(Addresses{f.Tag.Get("default")}))
		} else if f.Type.Kind() == reflect.Struct && f.Tag.Get("yaml") != "-" {
			setDefaults(v.Field(i))
		} else if text, ok := f.Tag.Lookup("default"); ok {
			if err := setScalar(v.Field(i), text, f.Tag); err != nil {
				panic(fmt.Sprintf("configs: default of %s: %v", f.Name, err))
			}
		}
	}
}

// checkServer checks the keys that are not about cameras.
func (d *decoder) checkServer(config *Config) {
	d.checkListen(config.Listen)
	d.checkHTTPS(config)
	for i, host := range config.Hosts {
		if !IsHost(host) {
			d.fault(d.at("hosts"), "hosts[%d] is %q; it must be a name such as cams.example, without scheme, port or path", i, host)
		}
	}
	d.checkOrigins("cors_origins", config.CORSOrigins)
	d.checkOrigins("embed_origins", config.EmbedOrigins)
	d.checkUsers(config.Auth.Users)
	d.checkJWT(&config.Auth.JWT)
	d.checkLinkKeys(config.Auth.LinkKeys)
	d.checkProxies(config)
}

// checkOrigins checks the origins of a key. They are sent unchanged in a header, so they must not contain its separators.
func (d *decoder) checkOrigins(key string, origins []string) {
	for i, origin := range origins {
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin || strings.ContainsAny(u.Host, " ;,'\"")) {
			d.fault(d.at(key), "%s[%d] is %q; it must be scheme://host, such as https://wall.example, or *", key, i, origin)
		}
	}
}

var hostForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$`)

// IsHost reports whether a text has the form of a host in a URL: a name, in which _ is allowed too, or an IPv4 address.
func IsHost(name string) bool { return len(name) <= 253 && hostForm.MatchString(name) }

// checkFont reads the font of the placeholders.
func (d *decoder) checkFont(config *Config) {
	p := &config.Placeholders
	if p.Font == "" {
		return
	}
	content, err := d.read(p.Font, maxFont)
	if err == nil {
		_, err = opentype.Parse(content)
	}
	if err != nil {
		d.fault(d.at("placeholders.font"), "placeholders.font: %v", err)
	}
	p.Typeface = content
}
