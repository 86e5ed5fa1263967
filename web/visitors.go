package web

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/web/auth"
)

// visitors counts what each visitor has made at a time, so that one of them takes neither all renditions of a camera nor the whole
// machine. Admins are not limited. Any goroutine may call its methods.
type visitors struct {
	mu  sync.Mutex
	all map[string]*visitor // by visitorOf
}

// visitor is somebody for whom pictures are made.
type visitor struct {
	pictures  map[picture]int // requests for each
	snapshots int             // requests for those that are in work
}

// picture is a picture of a camera as it is asked for.
type picture struct {
	camera  string
	request frame.Request      // without Show
	show    frame.OverlayParts // of the request
}

// pictureOf returns the picture that a request is for.
func pictureOf(camera string, request frame.Request) picture {
	p := picture{camera: camera, request: request}
	if request.Show != nil {
		p.show, p.request.Show = *request.Show, nil
	}
	return p
}

// isDefault reports whether a picture is that of a request without parameters.
func (p picture) isDefault() bool {
	p.request.Format = ""
	return p == picture{camera: p.camera}
}

// maxSnapshots is how many snapshots may be in work for one visitor.
const maxSnapshots = 16

// visitorOf is who counts as one visitor: a principal with a name, and otherwise an address.
func visitorOf(r *http.Request) string {
	if p := auth.Of(r.Context()); p.Name != "" && p.Kind != auth.Link {
		return string(p.Kind) + " " + p.Name
	}
	return addressOf(r)
}

// enter counts a request for a picture until leave is called. It refuses one that is beyond a limit. mostOfCamera is how many different
// pictures of the camera a visitor may have.
func (v *visitors) enter(r *http.Request, asked picture, snapshot bool, mostOfCamera int) (leave func(), refused *problem) {
	if auth.Of(r.Context()).Role >= auth.Admin {
		return func() {}, nil
	}
	name := visitorOf(r)
	v.mu.Lock()
	defer v.mu.Unlock()
	who := v.all[name]
	if who == nil {
		who = &visitor{pictures: map[picture]int{}}
	}
	if snapshot && who.snapshots >= maxSnapshots {
		return nil, &problem{
			Status: http.StatusTooManyRequests, Camera: asked.camera, retryAfter: 1,
			Detail: fmt.Sprintf("%d snapshots are in work for %s, the most at a time", maxSnapshots, name),
		}
	}
	if !asked.isDefault() && who.pictures[asked] == 0 && who.of(asked.camera) >= mostOfCamera {
		return nil, &problem{
			Status: http.StatusTooManyRequests, Camera: asked.camera, retryAfter: retryAfter,
			Detail: fmt.Sprintf("%d different pictures of this camera are being made for %s; the others that max_renditions allows are kept for others", mostOfCamera, name),
		}
	}
	if v.all == nil {
		v.all = map[string]*visitor{}
	}
	v.all[name] = who
	who.pictures[asked]++
	if snapshot {
		who.snapshots++
	}
	return func() { v.leave(name, asked, snapshot) }, nil
}

// of is how many different pictures of a camera the visitor has, besides that of a request without parameters.
func (v *visitor) of(camera string) (n int) {
	for p := range v.pictures {
		if p.camera == camera && !p.isDefault() {
			n++
		}
	}
	return n
}

func (v *visitors) leave(name string, asked picture, snapshot bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	who := v.all[name]
	if who.pictures[asked]--; who.pictures[asked] == 0 {
		delete(who.pictures, asked)
	}
	if snapshot {
		who.snapshots--
	}
	if len(who.pictures) == 0 {
		delete(v.all, name)
	}
}

// visit counts a request for a picture of a camera, and logs it if it is refused.
func (s *server) visit(r *http.Request, camera string, request frame.Request, snapshot bool) (leave func(), refused *problem) {
	most := 1
	for _, c := range s.config.Load().Cameras {
		if c.ID == camera {
			most = max(most, c.MaxRenditions/2)
		}
	}
	leave, refused = s.visitors.enter(r, pictureOf(camera, request), snapshot, most)
	if refused != nil {
		s.logRefusal(r, camera, refused)
	}
	return leave, refused
}

// logRefusal says who was refused. Lines are limited, because whoever is refused may ask again at once.
func (s *server) logRefusal(r *http.Request, camera string, refused *problem) {
	s.visitLog.Warn("request refused", "camera", camera, "who", visitorOf(r), "from", addressOf(r), "reason", refused.Detail)
}

// enter counts somebody who watches a camera until leave is called. It refuses one who is beyond a limit.
func (s *server) enter(r *http.Request, camera string, request frame.Request) (leave func(), refused *problem) {
	stop, refused := s.viewers.enter(r, s.config.Load())
	if refused != nil {
		s.logRefusal(r, camera, refused)
		return nil, refused
	}
	done, refused := s.visit(r, camera, request, false)
	if refused != nil {
		stop()
		return nil, refused
	}
	return func() {
		done()
		stop()
	}, nil
}
