package configs

import (
	"slices"
	"strings"
	"testing"
)

func TestAddressesMayBeOneOrAList(t *testing.T) {
	for text, want := range map[string]Addresses{
		"{}":                     {":8080"},
		"listen:":                {":8080"},
		"listen: ':80'":          {":80"},
		"listen: box:80":         {"box:80"},
		"listen: unix:/run/f":    {"unix:/run/f"},
		"listen: [':80', ':81']": {":80", ":81"},
		"listen:\n- :80\n- unix:/run/framegate/framegate.sock": {":80", "unix:/run/framegate/framegate.sock"},
	} {
		if got := mustParse(t, text).Listen; !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSocketMayHaveAModeAndAGroup(t *testing.T) {
	for address, want := range map[string]Socket{
		"unix:/run/f":                       {Path: "/run/f"},
		"unix:/run/f?mode=0660":             {Path: "/run/f", Mode: 0o660},
		"unix:/run/f?group=video":           {Path: "/run/f", Mode: 0o660, Group: "video"},
		"unix:/run/f?group=44&mode=666":     {Path: "/run/f", Mode: 0o666, Group: "44"},
		"unix:/run/f?mode=0660&group=www-x": {Path: "/run/f", Mode: 0o660, Group: "www-x"},
	} {
		if got, ok := UnixSocket(address); got != want || !ok || CheckAddress(address) != nil {
			t.Errorf("%s: %+v %v, want %+v", address, got, CheckAddress(address), want)
		}
	}
}

func TestWrongAddressIsAFaultAtItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		"listen: 8080":                              "f:1:9: listen is \"8080\"; it must be host:port, :port or unix:/path",
		"listen: []":                                "f:1:9: listen is an empty list",
		"listen: {a: b}":                            "f:1:10: listen: expected text, found keys and values",
		"listen: [':80', ':80000']":                 "f:1:17: listen[1] is \":80000\"; it must be",
		"listen: [':80', ':80']":                    "f:1:17: listen[1] is \":80\", which is already in the list",
		"listen:\n  - :80\n  - unix:run/f":          "f:3:5: listen[1] is \"unix:run/f\"; unix: must be followed by an absolute path",
		"listen: unix:/run/../f":                    "f:1:9: listen is \"unix:/run/../f\"; unix: must be followed",
		"listen: unix:/f?mode=0999":                 "mode must be octal",
		"listen: unix:/f?mode=4755":                 "mode must be octal, from 0001 to 0777, such as 0660",
		"listen: unix:/f?mode=0":                    "mode must be octal",
		"listen: unix:/f?group=a/b":                 "group must be the name or the number of a group",
		"listen: unix:/f?user=a":                    "? must be followed by mode or group",
		"listen: unix:/f?":                          "? must be followed by mode or group",
		"listen: unix:/f?mode=600&mode=600":         "it has mode twice",
		"listen: unix:f?mode=600":                   "unix: must be followed by an absolute path",
		"listen: unix:/" + strings.Repeat("f", 107): "of at most 107 bytes",
	} {
		if _, err := Parse("f", []byte(text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
