package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/framegate/framegate/internal/onvif"
	"github.com/framegate/framegate/internal/terminal"

	"golang.org/x/sync/errgroup"
)

// discover asks the network for cameras. What it prints can be pasted into a configuration.
type discover struct {
	For          time.Duration `default:"3s" help:"How long cameras have to answer."`
	User         string        `and:"login" placeholder:"NAME" help:"User of the cameras, to ask each for its streams."`
	PasswordFile string        `and:"login" placeholder:"FILE" help:"File whose only line is the user's password; - is stdin. Each device that answers learns a digest of it, with which it may guess the password, or act as the user on cameras with the same one."`
	JSON         bool          `help:"Print JSON."`
	At           string        `hidden:"" default:"${onvif_group}"`
}

// discovered is a camera that was found.
type discovered struct {
	onvif.Device
	Streams []onvif.Stream `json:"streams"`         // empty without a user
	Error   string         `json:"error,omitempty"` // why there are none
}

// mostAsked is how many cameras are asked for their streams at a time.
const mostAsked = 8

// askTime is how long a camera may take to name its streams.
const askTime = 20 * time.Second

func (d discover) Run(ctx context.Context) error {
	password := ""
	if d.User != "" {
		var err error
		if password, err = readSecret(d.PasswordFile); err != nil {
			return err
		}
	}
	answering, cancel := context.WithTimeout(ctx, d.For)
	defer cancel()
	devices, err := onvif.DiscoverAt(answering, d.At)
	if err != nil {
		return err
	}
	found := make([]discovered, len(devices))
	var asking errgroup.Group
	asking.SetLimit(mostAsked)
	for i, device := range devices {
		found[i] = discovered{Device: device, Streams: []onvif.Stream{}}
		if d.User == "" {
			continue
		}
		asking.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, askTime)
			defer cancel()
			streams, err := onvif.Client{Service: device.Service, Username: d.User, Password: password}.Streams(ctx)
			if err != nil {
				found[i].Error = err.Error()
			} else {
				found[i].Streams = streams
			}
			return nil
		})
	}
	asking.Wait()
	out := terminal.NewWriter(os.Stdout)
	if d.JSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(found)
	}
	if len(found) == 0 {
		printStderr("framegate: no camera answers; those in other networks, and those with ONVIF switched off, are not found")
		return nil
	}
	printDiscovered(out, found, d.User)
	return ctx.Err()
}

// maxSecret is the size of a file with a password at most, in bytes.
const maxSecret = 1 << 10

// readSecret reads the only line of a file, or of stdin.
func readSecret(path string) (string, error) {
	from := io.Reader(os.Stdin)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer file.Close()
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, maxSecret+1))
	if err != nil {
		return "", err
	}
	line := bytes.TrimRight(text, "\r\n")
	if len(line) == 0 || len(text) > maxSecret || bytes.ContainsAny(line, "\r\n") {
		return "", errors.New("--password-file: want one line, the password")
	}
	return string(line), nil
}

// printDiscovered writes cameras as a part of a configuration.
func printDiscovered(to io.Writer, found []discovered, user string) {
	fmt.Fprintln(to, "# Set CAMERA_PASSWORD in framegate's environment, or write the password here.\ncameras:")
	used := map[string]bool{}
	for _, camera := range found {
		name := camera.Name
		if name == "" {
			name = camera.Host
		}
		fmt.Fprintf(to, "  # %s\n", strings.Join(strings.Fields(camera.Host+" "+camera.Name+" "+camera.Model), " "))
		if camera.Error != "" {
			fmt.Fprintf(to, "  # its streams are not known: %s\n", terminal.Line(camera.Error))
		}
		fmt.Fprintf(to, "  - id: %s\n    name: %s\n", quoted(newID(name, camera.Host, used)), quoted(name))
		switch streams := camera.Streams; {
		case len(streams) > 0:
			printStream(to, "url", streams[0])
			if last := streams[len(streams)-1]; len(streams) > 1 && last.Width < streams[0].Width {
				printStream(to, "substream", last)
			}
		case camera.Vendor != "":
			fmt.Fprintf(to, "    vendor: %s\n    host: %s\n", camera.Vendor, camera.Host)
		default:
			fmt.Fprintf(to, "    url: rtsp://%s/ # the path is in the camera's manual; discover with --user asks the camera for it\n", camera.Host)
		}
		if user == "" {
			fmt.Fprintln(to, "    # username: admin")
			fmt.Fprintln(to, "    # password: ${CAMERA_PASSWORD}")
			continue
		}
		fmt.Fprintf(to, "    username: %s\n    password: ${CAMERA_PASSWORD}\n", quoted(user))
	}
}

func printStream(to io.Writer, key string, s onvif.Stream) {
	fmt.Fprintf(to, "    %s: %s # %s\n", key, quoted(s.URL), strings.TrimSpace(fmt.Sprintf("%s %dx%d", s.Codec, s.Width, s.Height)))
}

// quoted writes a text in YAML, in which ${ would stand for a variable.
func quoted(text string) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.Encode(strings.ReplaceAll(text, "${", "$${")) // texts can always be written
	return strings.TrimSpace(out.String())
}

var notOfID = regexp.MustCompile(`[^a-z0-9]+`)

// newID returns an id for a camera that no other has.
func newID(name, host string, used map[string]bool) string {
	const most = 56 // leaves room for a number
	id := strings.Trim(notOfID.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if id == "" {
		id = "camera-" + notOfID.ReplaceAllString(host, "-")
	}
	id = strings.Trim(id[:min(len(id), most)], "-")
	free := id
	for n := 2; used[free]; n++ {
		free = fmt.Sprintf("%s-%d", id, n)
	}
	used[free] = true
	return free
}
