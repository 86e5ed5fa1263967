// Package configs is framegate's configuration: its types, strict loading that reports every fault with its place, watching the file for
// changes, and the YAML files that are shipped.
package configs

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// Config is a whole configuration with every default filled in. It is not changed after loading.
//
// The tags describe each key: the loader and the generator of the JSON Schema read its default, range and meaning from them.
type Config struct {
	Listen       Addresses `yaml:"listen" default:":8080" doc:"Address to serve on, or a list of them: host:port, :port, or unix:/path of a Unix socket, for programs on this machine; ?mode=0660&group=video after the path says who may connect."`
	TLS          TLS       `yaml:"tls" doc:"https on the addresses of listen, except on Unix sockets: a certificate with its key, or self_signed, which makes one. Without it, http."`
	RedirectHTTP string    `yaml:"redirect_http" doc:"A second address, host:port or :port, where http is answered with a redirect to https and nothing else. It needs tls."`

	LogLevel                 string   `yaml:"log_level" enum:"debug,info,warn,error" default:"info" doc:"Least severe level that is logged."`
	LogFormat                string   `yaml:"log_format" enum:"text,json" default:"text" doc:"Format of the log on stderr."`
	AccessLog                bool     `yaml:"access_log" default:"false" doc:"Logs every request: who, from where, what, and the status. With log_level debug, requests are always logged."`
	CORSOrigins              []string `yaml:"cors_origins" doc:"Origins whose scripts may read pictures and the API, such as https://wall.example; '*' allows all. An <img> tag works without this."`
	EmbedOrigins             []string `yaml:"embed_origins" doc:"Origins whose pages may show framegate's pages in a frame, such as https://wall.example; '*' allows all. An <img> tag works without this."`
	Hosts                    []string `yaml:"hosts" doc:"Names under which framegate is served, such as cams.example. IP addresses, names without a dot and the machine's own name need no entry; other names are refused with 421, because a foreign page can make its name point here."`
	TrustedProxies           []string `yaml:"trusted_proxies" doc:"Proxies whose headers X-Forwarded-For, -Proto, -Host and -Prefix are believed: addresses, networks such as 10.0.0.0/8, and unix for all clients of Unix sockets."`
	BasePath                 string   `yaml:"base_path" doc:"Path below which framegate answers, such as /cams, for a proxy that passes paths on unchanged."`
	MaxViewers               int      `yaml:"max_viewers" min:"0" max:"100000" default:"2000" doc:"Streams at a time, of all cameras together; more are refused with 503. 0 means no limit."`
	MaxViewersPerAddress     int      `yaml:"max_viewers_per_address" min:"0" max:"100000" default:"500" doc:"Streams at a time to one address, except those of users; more are refused with 429. An eighth of max_viewers is reserved for other addresses. Clients of trusted_proxies count by their own addresses. 0 means no limit and reserves nothing."`
	MaxViewersPerUser        int      `yaml:"max_viewers_per_user" min:"0" max:"100000" default:"500" doc:"Streams at a time to one user, from all addresses together; more are refused with 429. Users are those of auth.users, those whom a proxy names, and the names in tokens. Their streams do not count for max_viewers_per_address. An eighth of max_viewers is reserved for others. 0 means no limit and reserves nothing."`
	MaxMegapixels            int      `yaml:"max_megapixels" min:"0" max:"100000" default:"128" doc:"Size of all different pictures that are made at a time, of all cameras together, in millions of pixels; a picture larger than its camera's may take a quarter of it. Beyond it pictures are refused with 429, except those of requests without parameters. 0 means no limit."`
	MaxConnections           int      `yaml:"max_connections" min:"0" max:"100000" default:"3000" doc:"Connections of clients at a time; more are refused with 503. A low limit on open files lowers this limit, because cameras need some files. 0 means no other limit."`
	MaxConnectionsPerAddress int      `yaml:"max_connections_per_address" min:"0" max:"100000" default:"1500" doc:"Connections of one address at a time; more are refused with 429. It does not apply to trusted_proxies. 0 means no limit."`
	MaxMemory                Memory   `yaml:"max_memory" default:"75%" doc:"Limit on the memory of the whole process, such as 2GiB, or as a part of what the machine or the container has, such as 75%. Beyond it, the camera that takes the most memory is suspended for some minutes, and no large decoder starts. 0 means no limit."`
	Editable                 bool     `yaml:"editable" default:"true" doc:"Allows requests to change this file: admins may change its cameras, and users their passwords. false refuses them with 403."`

	WallFPS float64 `yaml:"wall_fps" min:"0" max:"240" default:"10" doc:"Pictures per second at most of each camera on the wall; its large view has the camera's own rate. 0 means the camera's own rate."`
	Groups  []Group `yaml:"groups" doc:"Groups of cameras, which the wall can show alone. Viewers see of a group only the cameras that they may see."`

	Auth         Auth         `yaml:"auth" doc:"Who may look. Without users and without open, this machine only."`
	Placeholders Placeholders `yaml:"placeholders" doc:"What viewers see while a camera sends no pictures."`
	Defaults     Settings     `yaml:"defaults" doc:"Settings of all cameras that do not have their own."`
	Cameras      []Camera     `yaml:"cameras" doc:"The cameras, in the order of the wall."`

	// Proxies are what TrustedProxies describes.
	Proxies Proxies `yaml:"-"`
	// Files are the configuration's own file and those that it names.
	Files []string `yaml:"-"`
	// Variables are the names of the environment variables that the configuration uses, sorted. Their values may be secrets.
	Variables []string `yaml:"-"`
	// Blank means that the file has no keys: it is empty, or has only comments. It may just be being written.
	Blank bool `yaml:"-"`
}

// Settings are keys that may be set for all cameras, under defaults, and for each camera.
type Settings struct {
	Scale          float64       `yaml:"scale" min:"0.01" max:"1" doc:"Size of pictures as a part of the camera's, in both directions. Without scale, width and height a camera of 1280 pixels or more is shown at 0.25 and a smaller one at its own size."`
	Width          int           `yaml:"width" min:"16" max:"8192" doc:"Width of pictures in pixels; without height the aspect is kept."`
	Height         int           `yaml:"height" min:"16" max:"8192" doc:"Height of pictures in pixels; without width the aspect is kept."`
	FPS            float64       `yaml:"fps" min:"0" max:"240" default:"0" doc:"Pictures per second at most; 0 means the camera's own rate."`
	Quality        int           `yaml:"quality" min:"1" max:"100" zero:"auto" default:"80" doc:"JPEG quality. auto begins at 80 and sends lower qualities and smaller pictures to viewers whose line cannot carry more."` // 0 is auto
	MaxRenditions  int           `yaml:"max_renditions" min:"1" max:"64" default:"8" doc:"Different pictures of a camera at a time; more are refused with 429."`
	MaxViewers     int           `yaml:"max_viewers" min:"0" max:"100000" default:"0" doc:"Viewers of a camera at a time; more are refused with 503. 0 means no limit."`
	Placeholder    bool          `yaml:"placeholder" default:"true" doc:"Shows viewers of a lost camera its last picture, dimmed, and what is wrong; false ends their streams instead."`
	Rotate         int           `yaml:"rotate" enum:"0,90,180,270" default:"0" doc:"Degrees by which pictures are rotated clockwise."`
	DropSame       bool          `yaml:"drop_same" default:"false" doc:"Leaves out pictures that are equal to the previous one, except for one each second."`
	Overlay        Overlay       `yaml:"overlay" doc:"Text that is drawn into the pictures."`
	IdleTimeout    time.Duration `yaml:"idle_timeout" min:"0s" max:"1h" default:"10s" doc:"How long pictures are still made after the last viewer has left."`
	Connect        Connect       `yaml:"connect" enum:"always,on_demand" default:"always" doc:"always keeps the camera connected, so that streams open immediately; on_demand connects it for viewers only."`
	Transport      Transport     `yaml:"transport" enum:"tcp,udp,auto" default:"tcp" doc:"Transport of RTSP. auto tries UDP, then TCP if nothing arrives."`
	Reader         Reader        `yaml:"reader" enum:"builtin,rtspsrc" default:"builtin" doc:"Who reads RTSP: framegate itself, or GStreamer's rtspsrc, which knows further codecs but takes more of the machine."`
	Hardware       string        `yaml:"hardware" enum:"auto,off,jetson,nvidia,va,qsv,raspberrypi,v4l2,rockchip,software" default:"auto" doc:"Hardware that may decode and encode: auto tries all that this machine has, off means software only, any other value means one platform."`
	Decoder        string        `yaml:"decoder" doc:"GStreamer element that decodes, even if it was not proved at start; software takes over if it fails."`
	Encoder        string        `yaml:"encoder" doc:"GStreamer element that encodes JPEGs, even if it was not proved at start; software takes over if it fails."`
	PlanTimeout    time.Duration `yaml:"plan_timeout" min:"500ms" max:"8s" default:"3s" doc:"How long a hardware decoder may take for its first picture before software takes over."`
	PlanRetry      time.Duration `yaml:"plan_retry" min:"1s" max:"1h" default:"10s" doc:"Pause before a hardware decoder that failed is tried again; it doubles with each further failure, up to 60 times as long."`
	ConnectTimeout time.Duration `yaml:"connect_timeout" min:"1s" max:"5m" default:"10s" doc:"How long a camera may take to answer. After its answer it has a minute to send data, or this time if it is longer. A camera that sends data is waited for."`
	StallTimeout   time.Duration `yaml:"stall_timeout" min:"1s" max:"10m" default:"5s" doc:"How long a connected camera may send nothing before framegate connects again. A camera that pauses for more than a third of this time has longer."`
	PollInterval   time.Duration `yaml:"poll_interval" min:"40ms" max:"1h" default:"1s" doc:"Pause between two requests to an HTTP camera that serves single JPEGs, and the shortest time between two requests to one whose stream ends by itself."`
}

// Camera is one camera.
type Camera struct {
	ID              string    `yaml:"id" doc:"Name of the camera in URLs: 1 to 64 characters of a-z, 0-9, _ and -."`
	Name            string    `yaml:"name" doc:"Human-readable name of the camera; without one, the id."`
	URL             string    `yaml:"url" doc:"URL of the camera: rtsp://, rtsps://, http://, https://, file:///, v4l2:///dev/video0 or its number, csi://0, test://smpte. Special characters are percent-encoded."`
	Substream       string    `yaml:"substream" doc:"URL of a smaller stream of the same camera, for pictures that are no larger; it takes the camera's user and password unless it has its own."`
	Username        string    `yaml:"username" doc:"User at the camera; may be in the url instead."`
	Password        Secret    `yaml:"password" doc:"Password at the camera, without percent-encoding. ${NAME} takes an environment variable."`
	PasswordFile    string    `yaml:"password_file" doc:"File with the password; a relative path is resolved in the folder of the configuration."`
	Disabled        bool      `yaml:"disabled" default:"false" doc:"Keeps the camera in the list without connecting to it."`
	TLSCA           string    `yaml:"tls_ca" doc:"PEM file with the certificate to trust for rtsps:// and https://, or with that of its authority."`
	TLSVerify       bool      `yaml:"tls_verify" default:"true" doc:"false accepts any certificate: others on the network can then see the password and the pictures. TLS 1.0 and 1.1 and key exchange by RSA are then accepted too, but not by rtspsrc."`
	Vendor          string    `yaml:"vendor" enum:"hikvision,dahua,axis,reolink" doc:"Vendor of the camera; its url is then built from host, port, channel and stream."`
	Host            string    `yaml:"host" doc:"Name or address of a vendor's camera."`
	Port            int       `yaml:"port" min:"1" max:"65535" default:"554" doc:"RTSP port of a vendor's camera."`
	Channel         int       `yaml:"channel" min:"1" max:"256" default:"1" doc:"Channel of a vendor's camera or recorder."`
	Stream          string    `yaml:"stream" enum:"main,sub" default:"main" doc:"Stream of a vendor's camera: the large one or the small one."`
	Aspect          string    `yaml:"aspect" doc:"Aspect of the camera's picture before it is rotated, such as 16:9, for a camera that does not state it or states a wrong one."`
	SubstreamAspect string    `yaml:"substream_aspect" doc:"The same for the substream; without it, the value of aspect."`
	Masks           []Mask    `yaml:"masks" doc:"Parts of the picture that nobody may see. They are painted over before anything else is done."`
	Crop            []float64 `yaml:"crop" len:"4" min:"0" max:"1" doc:"Part of the picture that is shown, as [x, y, width, height] in fractions of the picture after it is rotated. Viewers see nothing else, except that a crop has at least 16 pixels of the camera in each direction. For what nobody may see use masks."`
	Settings        `yaml:",inline"`

	// ParsedCrop is what crop describes.
	ParsedCrop frame.Crop `yaml:"-"`
	// Source is what url or vendor describes.
	Source Source `yaml:"-"`
	// Sub is what substream describes; nil for none.
	Sub *Source `yaml:"-"`
}

// Group is a group of cameras on the wall.
type Group struct {
	Name    string   `yaml:"name" doc:"Name of the group, as the wall shows it."`
	Cameras []string `yaml:"cameras" doc:"The ids of the cameras, or patterns of them; * stands for any characters and ? for one."`

	// IDs are the ids of the cameras that the patterns match, in the order of the wall.
	IDs []string `yaml:"-"`
}

// Placeholders describe what viewers see while a camera sends no pictures.
type Placeholders struct {
	Font  string `yaml:"font" doc:"TrueType or OpenType font for the texts and the cameras' names; a relative path is resolved in the folder of the configuration. By default Go's own font, which has Latin, Greek and Cyrillic letters."`
	Texts Texts  `yaml:"texts" doc:"Sentences that say what is wrong."`

	// Typeface is the content of Font; nil for none.
	Typeface []byte `yaml:"-"`
}

// Texts are the sentences of placeholders: one for each frame.Reason, under the same name, and one for each reason to refuse a link.
type Texts struct {
	Since        string `yaml:"since" default:"No picture since" doc:"Comes before the time."`
	Unauthorized string `yaml:"unauthorized" default:"The camera refuses user or password" doc:"Wrong user or password."`
	NotFound     string `yaml:"not_found" default:"The camera has no such stream" doc:"The camera answers 404, or there is no such file or device."`
	Unreachable  string `yaml:"unreachable" default:"The camera cannot be reached" doc:"No connection: name, address, route or port."`
	TimedOut     string `yaml:"timed_out" default:"The camera sends no pictures" doc:"The camera is connected and has sent nothing."`
	NoKeyframe   string `yaml:"no_keyframe" default:"Waiting for a keyframe" doc:"The camera sends video, which can be shown from its next keyframe on."`
	Stalled      string `yaml:"stalled" default:"The camera has stopped sending" doc:"The camera is connected and sends nothing any more."`
	NoVideo      string `yaml:"no_video" default:"The camera sends no video" doc:"The camera answers, but not with video."`
	Unsupported  string `yaml:"unsupported" default:"The camera's video cannot be decoded here" doc:"There is no decoder for the video."`
	Ended        string `yaml:"ended" default:"The camera has closed the connection" doc:"The camera ended the stream; framegate connects again."`
	Refused      string `yaml:"refused" default:"The camera refuses to send" doc:"The camera refuses for another reason, such as too many connections."`
	Memory       string `yaml:"memory" default:"The camera takes too much memory" doc:"framegate has reached max_memory and has suspended the camera, or would reach it by decoding what it sends."`
	Failed       string `yaml:"failed" default:"The pictures cannot be made" doc:"Any other reason."`
	LinkExpired  string `yaml:"link_expired" default:"This link has expired" doc:"A signed link is used after its end."`
	LinkRevoked  string `yaml:"link_revoked" default:"This link was revoked" doc:"The key of a signed link was revoked."`
	LinkInvalid  string `yaml:"link_invalid" default:"This link is not valid" doc:"A link is used that was not signed for this picture and viewer."`
}

// Of returns the sentence for a reason, or the one for failed if the reason has none.
func (t Texts) Of(reason string) string {
	for _, f := range fieldsOf(reflect.TypeFor[Texts]()) {
		if f.key == reason {
			return reflect.ValueOf(t).FieldByIndex(f.index).String()
		}
	}
	return t.Failed
}

// Overlay is text that is drawn into pictures.
type Overlay struct {
	Name   bool    `yaml:"name" default:"false" doc:"The camera's name."`
	Time   bool    `yaml:"time" default:"false" doc:"This machine's date and time."`
	Text   string  `yaml:"text" doc:"Any text."`
	Corner string  `yaml:"corner" enum:"top-left,top-right,bottom-left,bottom-right" default:"top-left" doc:"Corner of the picture with the text."`
	Size   float64 `yaml:"size" min:"0.01" max:"0.5" default:"0.05" doc:"Height of a line as a part of the picture's height."`
}

// Mask is a rectangle of the camera's picture before rotate applies, in fractions of its width and height from the top left.
type Mask struct {
	X      float64 `yaml:"x" min:"0" max:"1" doc:"Left edge."`
	Y      float64 `yaml:"y" min:"0" max:"1" doc:"Top edge."`
	Width  float64 `yaml:"width" min:"0" max:"1" doc:"Width; x and width together are 1 at most."`
	Height float64 `yaml:"height" min:"0" max:"1" doc:"Height; y and height together are 1 at most."`
}

// Connect says when framegate connects to a camera.
type Connect string

// The values of Connect.
const (
	Always   Connect = "always"
	OnDemand Connect = "on_demand"
)

// Transport is the transport of RTSP.
type Transport string

// The values of Transport.
const (
	TCP  Transport = "tcp"
	UDP  Transport = "udp"
	Auto Transport = "auto"
)

// Reader is what reads RTSP.
type Reader string

// The values of Reader.
const (
	Builtin Reader = "builtin"
	RTSPSrc Reader = "rtspsrc"
)

// Plans say which plans may make a camera's pictures.
type Plans struct {
	Hardware string        // AnyHardware, NoHardware or the name of a platform
	Decoder  string        // a GStreamer element; empty for that of the best plan
	Encoder  string        // likewise
	Timeout  time.Duration // for the first picture
	Retry    time.Duration // the first pause after a failure
}

// The values of Hardware that are not the name of a platform.
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
