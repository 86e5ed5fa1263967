// Package configs is framegate's configuration: its types, strict loading with the place of every fault,
// watching its file, and the shipped YAML files. Of framegate's other packages it imports pipeline/frame only.
package configs

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// Config is a whole configuration with every default filled in. It is not changed after loading.
//
// The tags are the one place where a key is described: its default, its range and its meaning are read by
// the loader and by the generator of the JSON Schema.
type Config struct {
	Listen      string   `yaml:"listen" default:":8080" doc:"Address to serve on: host:port or :port."`
	LogLevel    string   `yaml:"log_level" enum:"debug,info,warn,error" default:"info" doc:"The least important lines that are logged."`
	LogFormat   string   `yaml:"log_format" enum:"text,json" default:"text" doc:"Form of the log on stderr."`
	CORSOrigins []string `yaml:"cors_origins" doc:"Origins whose scripts may read pictures and the API, such as https://wall.example; '*' is any. An <img> tag needs none of this."`
	MaxViewers  int      `yaml:"max_viewers" min:"0" max:"100000" default:"2000" doc:"How many streams are sent at a time, of all cameras together; more are refused with 503. 0 is no limit."`
	PerAddress  int      `yaml:"max_viewers_per_address" min:"0" max:"100000" default:"0" doc:"How many streams are sent at a time to one address; more are refused with 429. 0 is no limit, which a reverse proxy needs."`
	Editable    bool     `yaml:"editable" default:"true" doc:"Lets requests of this machine change the list of cameras in this file; false refuses them with 403."`

	Placeholders Placeholders `yaml:"placeholders" doc:"What the pictures say that viewers see while a camera is away."`
	Defaults     Settings     `yaml:"defaults" doc:"Settings of all cameras that do not set them themselves."`
	Cameras      []Camera     `yaml:"cameras" doc:"The cameras, in the order in which they are shown."`

	// Files are those that the configuration was made of: its own, and what it names.
	Files []string `yaml:"-"`
}

// Settings can be given for all cameras and for each.
type Settings struct {
	Scale          float64       `yaml:"scale" min:"0.01" max:"1" doc:"Size of pictures as a part of the camera's, in both directions. Without scale, width and height a camera of 1280 pixels or more is shown at 0.25 and a smaller one as it is."`
	Width          int           `yaml:"width" min:"16" max:"8192" doc:"Width of pictures in pixels; the height follows from the aspect where it is not given."`
	Height         int           `yaml:"height" min:"16" max:"8192" doc:"Height of pictures in pixels; the width follows from the aspect where it is not given."`
	FPS            float64       `yaml:"fps" min:"0" max:"240" default:"0" doc:"Pictures per second at most; 0 is the camera's own rate."`
	Quality        int           `yaml:"quality" min:"1" max:"100" default:"80" doc:"JPEG quality."`
	MaxRenditions  int           `yaml:"max_renditions" min:"1" max:"64" default:"8" doc:"How many different pictures of a camera may be watched at a time; more are refused with 429."`
	MaxViewers     int           `yaml:"max_viewers" min:"0" max:"100000" default:"0" doc:"How many may watch a camera at a time; more are refused with 503. 0 is no limit."`
	Placeholder    bool          `yaml:"placeholder" default:"true" doc:"Shows viewers of a camera that is away its last picture dimmed, and what is wrong; false ends their streams instead."`
	Rotate         int           `yaml:"rotate" enum:"0,90,180,270" default:"0" doc:"Degrees by which the camera's picture is turned clockwise."`
	DropSame       bool          `yaml:"drop_same" default:"false" doc:"Leaves out pictures that are equal to the one before, but for one each second."`
	Overlay        Overlay       `yaml:"overlay" doc:"Text that is burnt into the pictures."`
	IdleTimeout    time.Duration `yaml:"idle_timeout" min:"0s" max:"1h" default:"10s" doc:"How long pictures are made on after the last viewer has gone."`
	Connect        Connect       `yaml:"connect" enum:"always,on_demand" default:"always" doc:"always keeps the camera connected, so that a stream opens at once; on_demand connects for viewers only."`
	Transport      Transport     `yaml:"transport" enum:"tcp,udp,auto" default:"tcp" doc:"Of RTSP. auto tries UDP and goes over to TCP when nothing comes."`
	Hardware       string        `yaml:"hardware" enum:"auto,off,jetson,nvidia,va,qsv,raspberrypi,v4l2,rockchip,software" default:"auto" doc:"Which of the machine's plans may be used."`
	Decoder        string        `yaml:"decoder" doc:"GStreamer element that decodes, whatever was proved; software decodes where it fails."`
	Encoder        string        `yaml:"encoder" doc:"GStreamer element that makes JPEGs, likewise."`
	PlanTimeout    time.Duration `yaml:"plan_timeout" min:"500ms" max:"8s" default:"3s" doc:"How long a hardware decoder may take for its first picture before software does it."`
	PlanRetry      time.Duration `yaml:"plan_retry" min:"1s" max:"1h" default:"10s" doc:"How long a hardware decoder that failed is left alone at first; twice as long after each further failure, up to 60 times."`
	ConnectTimeout time.Duration `yaml:"connect_timeout" min:"1s" max:"5m" default:"10s" doc:"How long a camera may take from connecting to its first picture."`
	StallTimeout   time.Duration `yaml:"stall_timeout" min:"1s" max:"10m" default:"5s" doc:"How long a connected camera may send nothing before it is connected anew; longer for cameras of less than a picture in that time."`
	PollInterval   time.Duration `yaml:"poll_interval" min:"40ms" max:"1h" default:"1s" doc:"Pause between two pictures of an HTTP camera that serves single JPEGs."`
}

// Camera is one camera.
type Camera struct {
	ID           string `yaml:"id" doc:"Name of the camera in URLs: a-z, 0-9, _ and -, up to 64 of them."`
	Name         string `yaml:"name" doc:"Name of the camera for people; the id where it is not given."`
	URL          string `yaml:"url" doc:"Where the camera is: rtsp://, rtsps://, http://, https://, file:///, v4l2:///dev/video0 or its number, csi://0, test://smpte. Special characters are percent-encoded."`
	Substream    string `yaml:"substream" doc:"URL of a smaller stream of the same camera, of which pictures are made that are no larger; with the camera's user and password where it has none of its own."`
	Username     string `yaml:"username" doc:"User at the camera; may stand in the url instead."`
	Password     Secret `yaml:"password" doc:"Password at the camera, taken as it is. ${NAME} takes an environment variable."`
	PasswordFile string `yaml:"password_file" doc:"File with the password; beside the configuration where the path is relative."`
	Disabled     bool   `yaml:"disabled" default:"false" doc:"Keeps the camera in the list without connecting to it."`
	TLSCA        string `yaml:"tls_ca" doc:"PEM file of the certificate, or its authority, to trust for rtsps:// and https://."`
	TLSVerify    bool   `yaml:"tls_verify" default:"true" doc:"false takes any certificate: then anybody on the way can see the password and the pictures."`
	Vendor       string `yaml:"vendor" enum:"hikvision,dahua,axis,reolink" doc:"Builds the url of such a camera from host, port, channel and stream."`
	Host         string `yaml:"host" doc:"Name or address of a vendor's camera."`
	Port         int    `yaml:"port" min:"1" max:"65535" default:"554" doc:"RTSP port of a vendor's camera."`
	Channel      int    `yaml:"channel" min:"1" max:"256" default:"1" doc:"Channel of a vendor's camera or recorder."`
	Stream       string `yaml:"stream" enum:"main,sub" default:"main" doc:"Stream of a vendor's camera: the large or the small one."`
	Masks        []Mask `yaml:"masks" doc:"Parts of the picture that nobody sees: they are painted over before anything else is done with it."`
	Settings     `yaml:",inline"`

	// Source is url or vendor, with the credentials taken out and everything that a connection needs.
	Source Source `yaml:"-"`
	// Sub is substream likewise; nil where there is none.
	Sub *Source `yaml:"-"`
}

// Placeholders say how a camera that is away is shown.
type Placeholders struct {
	Font  string `yaml:"font" doc:"TrueType or OpenType file with the letters of the texts and the cameras' names; beside the configuration where the path is relative. Without it Go's own font, for Latin, Greek and Cyrillic."`
	Texts Texts  `yaml:"texts" doc:"What is wrong, in words."`

	// Typeface is the content of Font; nil without one.
	Typeface []byte `yaml:"-"`
}

// Texts are the sentences of placeholders: one for each frame.Reason, under its name.
type Texts struct {
	Since        string `yaml:"since" default:"No picture since" doc:"Stands before the time."`
	Unauthorized string `yaml:"unauthorized" default:"The camera refuses user or password" doc:"Of the camera's state unauthorized."`
	NotFound     string `yaml:"not_found" default:"The camera has no such stream" doc:"404 from the camera."`
	Unreachable  string `yaml:"unreachable" default:"The camera cannot be reached" doc:"No connection: name, address, route or port."`
	TimedOut     string `yaml:"timed_out" default:"The camera sends no pictures" doc:"Connected, but nothing came."`
	Stalled      string `yaml:"stalled" default:"The camera has stopped sending" doc:"Connected, and nothing comes any more."`
	NoVideo      string `yaml:"no_video" default:"The camera sends no video" doc:"It answers, but not with video."`
	Unsupported  string `yaml:"unsupported" default:"The camera's video cannot be decoded here" doc:"No decoder for it."`
	Ended        string `yaml:"ended" default:"The camera has closed the connection" doc:"And is tried again."`
	Refused      string `yaml:"refused" default:"The camera refuses to send" doc:"It answers so, as when too many watch it."`
	Failed       string `yaml:"failed" default:"The pictures cannot be made" doc:"Anything else."`
}

// Of is the sentence for a reason, and that of 'failed' where it has none of its own.
func (t Texts) Of(reason string) string {
	for _, f := range fieldsOf(reflect.TypeFor[Texts]()) {
		if f.key == reason {
			return reflect.ValueOf(t).FieldByIndex(f.index).String()
		}
	}
	return t.Failed
}

// Overlay is text that is burnt into pictures.
type Overlay struct {
	Name   bool    `yaml:"name" default:"false" doc:"The camera's name."`
	Time   bool    `yaml:"time" default:"false" doc:"The machine's date and time."`
	Text   string  `yaml:"text" doc:"A text of your own."`
	Corner string  `yaml:"corner" enum:"top-left,top-right,bottom-left,bottom-right" default:"top-left" doc:"Where the text stands."`
	Size   float64 `yaml:"size" min:"0.01" max:"0.5" default:"0.05" doc:"Height of a line as a part of the picture's height."`
}

// Mask is a rectangle of the camera's picture, in parts of its width and height from the top left, before it
// is turned.
type Mask struct {
	X      float64 `yaml:"x" min:"0" max:"1" doc:"Left edge."`
	Y      float64 `yaml:"y" min:"0" max:"1" doc:"Upper edge."`
	Width  float64 `yaml:"width" min:"0" max:"1" doc:"Width; x and width are 1 at most."`
	Height float64 `yaml:"height" min:"0" max:"1" doc:"Height; y and height are 1 at most."`
}

// Connect says when a camera is connected.
type Connect string

// Transport says how an RTSP camera sends.
type Transport string

// Plans says by what a camera's pictures may be made.
type Plans struct {
	Hardware string        // AnyHardware, NoHardware or a platform's name
	Decoder  string        // a GStreamer element; empty for the best
	Encoder  string        // likewise
	Timeout  time.Duration // for the first picture
	Retry    time.Duration // the first pause after a failure
}

// The values of Hardware that are no platform's name.
const (
	AnyHardware = "auto"
	NoHardware  = "off"
)

// HardwareNames returns the names of platforms that the key hardware accepts.
func HardwareNames() []string {
	field, _ := reflect.TypeFor[Settings]().FieldByName("Hardware")
	names := strings.Split(field.Tag.Get("enum"), ",")
	return slices.DeleteFunc(names, func(name string) bool { return name == AnyHardware || name == NoHardware })
}

// The values of Connect and Transport.
const (
	Always   Connect = "always"
	OnDemand Connect = "on_demand"

	TCP  Transport = "tcp"
	UDP  Transport = "udp"
	Auto Transport = "auto"
)
