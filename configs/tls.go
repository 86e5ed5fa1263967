package configs

import (
	"crypto/tls"
	"errors"
	"reflect"
	"slices"

	"github.com/framegate/framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
)

// TLS says whether framegate serves https, and with which certificate. In YAML it is either a mapping with these keys or the word
// self_signed.
type TLS struct {
	Cert string `yaml:"cert" doc:"PEM file with the certificate, followed by those of its authorities; a relative path is resolved in the folder of the configuration. It is read again whenever it changes."`
	Key  string `yaml:"key" doc:"PEM file with the certificate's private key."`

	// SelfSigned means that framegate makes its certificate itself.
	SelfSigned bool `yaml:"-"`
	// Pair is what the files of Cert and Key contain; nil without them.
	Pair *tls.Certificate `yaml:"-"`
}

// On reports whether framegate serves https.
func (t TLS) On() bool { return t.SelfSigned || t.Cert != "" }

// selfSigned is the value of tls in YAML that sets TLS.SelfSigned.
const selfSigned = "self_signed"

// tlsWord decodes the value of tls if it is a scalar, and reports whether it is one. Any word but self_signed is a fault.
func (d *decoder) tlsWord(n ast.Node, into reflect.Value, path string, at place) bool {
	word, ok := node.Text(n)
	if !ok {
		return false
	}
	if word != selfSigned {
		d.fault(at, "%s is %q; it must be %s, or have the keys cert and key", path, word, selfSigned)
	}
	into.Set(reflect.ValueOf(TLS{SelfSigned: true}))
	return true
}

// checkHTTPS reads the certificate, and checks redirect_http.
func (d *decoder) checkHTTPS(config *Config) {
	t := &config.TLS
	switch {
	case d.faulty("tls."): // such as a variable that is not set
	case (t.Cert == "") != (t.Key == ""):
		d.fault(d.at("tls"), "tls needs both cert and key, or the word %s in their place", selfSigned)
	case t.Cert != "":
		d.readPair(t)
	}
	if config.RedirectHTTP == "" {
		return
	}
	_, unix := UnixSocket(config.RedirectHTTP)
	err := CheckAddress(config.RedirectHTTP)
	if unix || err != nil {
		err = errors.New("it must be host:port or :port")
	} else if !t.On() && !d.has("tls") {
		err = errors.New("it needs the key tls, because it redirects to https")
	} else if slices.Contains(config.Listen, config.RedirectHTTP) {
		err = errors.New("it is also in listen; they must have different ports")
	}
	if err != nil {
		d.fault(d.at("redirect_http"), "redirect_http is %q; %v", config.RedirectHTTP, err)
	}
}

// readPair reads the certificate and its key.
func (d *decoder) readPair(t *TLS) {
	cert, err := d.read(t.Cert, MaxCertificates)
	if err != nil {
		d.fault(d.at("tls.cert"), "tls.cert: %v", err)
	}
	key, keyErr := d.read(t.Key, MaxCertificates)
	if keyErr != nil {
		d.fault(d.at("tls.key"), "tls.key: %v", keyErr)
	}
	if err != nil || keyErr != nil {
		return
	}
	pair, err := tls.X509KeyPair(cert, key) // its errors do not quote the files
	if err != nil {
		d.fault(d.at("tls"), "tls: %s and %s cannot be used together: %v", t.Cert, t.Key, err)
		return
	}
	t.Pair = &pair
}
