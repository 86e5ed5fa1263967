package testcam

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/framegate/framegate/internal/testcam/loop"

	"github.com/bluenviron/gortsplib/v5"
	"golang.org/x/sync/errgroup"
)

// Config describes the cameras and where to serve them.
type Config struct {
	Cameras []Camera
	Listen  string      // host:port for RTSP; empty for 127.0.0.1 and a free port
	Control string      // host:port for the control port; likewise
	TLS     *tls.Config // serves RTSPS instead of RTSP
	Network Network     // that packets over UDP cross
	Loops   string      // a folder that keeps the encoded loops; empty for none
	Log     *slog.Logger
}

// Server serves test cameras. All methods may be called from any goroutine, before, during and after Run.
type Server struct {
	log     *slog.Logger
	paths   []*path
	loops   loop.Library
	rtsp    *gortsplib.Server
	address net.Addr
	tried   bool // to listen on the TCP port
	secure  bool
	control net.Listener
}

// New encodes the cameras' loops and opens the ports. Close or Run must follow.
func New(ctx context.Context, config Config) (*Server, error) {
	s := &Server{log: config.Log, secure: config.TLS != nil, loops: loop.Library{Dir: config.Loops}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := config.Network.check(); err != nil {
		return nil, err
	}
	if err := s.encodeAll(ctx, config.Cameras); err != nil {
		return nil, err
	}
	if err := s.listen(config); err != nil {
		return nil, err
	}
	return s, nil
}

// encodeAll makes the cameras and their loops. Equal loops are encoded once.
func (s *Server) encodeAll(ctx context.Context, cameras []Camera) error {
	for i, camera := range cameras {
		camera, err := camera.withDefaults(i)
		if err != nil {
			return err
		}
		if s.path(camera.Name) != nil {
			return fmt.Errorf("two cameras have the name %s", camera.Name)
		}
		s.paths = append(s.paths, newPath(s, camera))
	}
	encoding, ctx := errgroup.WithContext(ctx)
	for _, p := range s.paths {
		if p.camera.AudioOnly {
			continue
		}
		encoding.Go(func() (err error) {
			p.loop, err = s.loops.Get(ctx, p.camera.spec())
			return err
		})
	}
	return encoding.Wait()
}

// listen opens the RTSP port, a pair of UDP ports beside it, and the control port.
func (s *Server) listen(config Config) error {
	host := "127.0.0.1"
	if config.Listen != "" {
		var err error
		if host, _, err = net.SplitHostPort(config.Listen); err != nil {
			return err
		}
	} else {
		config.Listen = "127.0.0.1:0"
	}
	var err error
	for range 50 { // until a pair of UDP ports is free
		s.rtsp = s.newRTSP(config, host)
		// The TCP port comes last: if it was tried, the pair was free.
		if err = s.rtsp.Start(); err == nil || s.tried {
			break
		}
	}
	if err != nil {
		return err
	}
	for _, p := range s.paths {
		if err := p.open(); err != nil {
			s.Close()
			return err
		}
	}
	if config.Control == "" {
		config.Control = "127.0.0.1:0"
	}
	if s.control, err = net.Listen("tcp", config.Control); err != nil {
		s.Close()
	}
	return err
}

func (s *Server) newRTSP(config Config, host string) *gortsplib.Server {
	port := evenPort(host)
	return &gortsplib.Server{
		Handler:        handler{s},
		RTSPAddress:    config.Listen,
		UDPRTPAddress:  net.JoinHostPort(host, fmt.Sprint(port)),
		UDPRTCPAddress: net.JoinHostPort(host, fmt.Sprint(port+1)),
		TLSConfig:      config.TLS,
		WriteQueueSize: 2048, // a keyframe of a large MJPEG picture is a thousand packets
		ListenPacket: func(network, address string) (net.PacketConn, error) {
			socket, err := net.ListenPacket(network, address)
			if udp, ok := socket.(*net.UDPConn); ok && config.Network != (Network{}) {
				return &badSocket{udp, config.Network}, nil
			}
			return socket, err
		},
		Listen: func(network, address string) (net.Listener, error) {
			s.tried = true
			l, err := net.Listen(network, address)
			if err != nil {
				return nil, err
			}
			s.address = l.Addr()
			return wireListener{l}, nil
		},
	}
}

// evenPort finds a free even UDP port: RTP uses an even port and RTCP the next one (RFC 3550, section 11).
func evenPort(host string) int {
	for range 100 {
		c, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
		if err != nil {
			break
		}
		port := c.LocalAddr().(*net.UDPAddr).Port
		c.Close()
		if port%2 == 0 {
			return port
		}
	}
	return 0
}

// Run serves until ctx is done. Everything has ended when it returns.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	control := &http.Server{Handler: s.controlHandler(), ReadHeaderTimeout: 10 * time.Second}
	var parts errgroup.Group
	for _, p := range s.paths {
		parts.Go(func() error { p.sendVideo(ctx); return nil })
		parts.Go(func() error { p.sendAudio(ctx); return nil })
	}
	parts.Go(func() error {
		defer cancel()
		if err := control.Serve(s.control); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	<-ctx.Done()
	control.Close()
	s.Close()
	return parts.Wait()
}

// Close ends all connections and frees the ports. It is for a Server that is never run: Run closes it by itself.
func (s *Server) Close() {
	for _, p := range s.paths {
		p.close()
	}
	s.rtsp.Close()
	if s.control != nil {
		s.control.Close()
	}
}

// Address is the host and port at which a client on this machine reaches the cameras.
func (s *Server) Address() string { return reachable(s.address) }

// reachable returns an address as text, with the loopback address in place of the unspecified one.
func reachable(address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return address.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// URL is the URL of a camera, without user and password.
func (s *Server) URL(name string) string {
	scheme := "rtsp"
	if s.secure {
		scheme = "rtsps"
	}
	return scheme + "://" + s.Address() + "/" + name
}

// ControlURL is the URL of the control port.
func (s *Server) ControlURL() string { return "http://" + reachable(s.control.Addr()) }

// Names lists the names of the cameras.
func (s *Server) Names() []string {
	names := make([]string, len(s.paths))
	for i, p := range s.paths {
		names[i] = p.camera.Name
	}
	return names
}

// path finds a camera. It is nil if there is none.
func (s *Server) path(name string) *path {
	for _, p := range s.paths {
		if p.camera.Name == name {
			return p
		}
	}
	return nil
}
