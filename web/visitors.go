package web

import (
	"cmp"
	"fmt"
	"net/http"
	"sync"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/web/auth"
)

// visitors limits the pictures that are made for each visitor at a time, so that none of them takes all renditions of a camera or the
// whole machine. Admins are not limited. Any goroutine may call its methods.
type visitors struct {
	mu  sync.Mutex          // guards all and the visitors in it
	all map[string]*visitor // by visitorOf and sharedOf
}

// visitor is somebody for whom pictures are made.
type visitor struct {
	pictures  map[requested]int // requests in progress for each
	snapshots int               // requests in progress for snapshots
}

// requested is a picture as it was requested.
type requested struct {
	camera  string
	request frame.Request      // without Show
	show    frame.OverlayParts // of the request
}

// pictureOf returns the picture that a request is for.
func pictureOf(camera string, request frame.Request) requested {
	p := requested{camera: camera, request: request}
	if request.Show != nil {
		p.show, p.request.Show = *request.Show, nil
	}
	return p
}

// isDefault reports whether a picture was requested without parameters.
func (p requested) isDefault() bool {
	p.request.Format = ""
	return p == requested{camera: p.camera}
}

// maxSnapshots is how many snapshots of one visitor may be in progress.
const maxSnapshots = 16

// visitorOf returns the name of the visitor who sent a request: that of the principal if it has one, else the address.
func visitorOf(r *http.Request) string {
	if hasName(r) {
		p := auth.Of(r.Context())
		return string(p.Kind) + " " + p.Name
	}
	return addressOf(r)
}

// hasName reports whether the principal of a request has the name of a visitor. A link has that of its key.
func hasName(r *http.Request) bool {
	if r == nil {
		return false
	}
	p := auth.Of(r.Context())
	return p.Name != "" && p.Kind != auth.Link
}

// sharedOf names the credentials of a request if they name nobody and many may have them: a link, or a token without a name. It is empty
// for others.
func sharedOf(r *http.Request) string {
	p := auth.Of(r.Context())
	switch {
	case p.Shared == "":
		return ""
	case p.Name == "":
		return string(p.Kind) + " " + p.Shared
	}
	return string(p.Kind) + " " + p.Name + "/" + p.Shared
}

// enter counts a request for a picture until leave is called. It refuses one that is beyond a limit. mostOfCamera is how many different
// pictures of the camera a visitor may have.
func (v *visitors) enter(r *http.Request, asked requested, snapshot bool, mostOfCamera int) (leave func(), refused *problem) {
	if auth.Of(r.Context()).Role >= auth.Admin {
		return func() {}, nil
	}
	name := visitorOf(r)
	names := []string{name}
	if shared := sharedOf(r); shared != "" {
		names = append(names, shared)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if who := v.all[name]; snapshot && who != nil && who.snapshots >= maxSnapshots {
		return nil, &problem{
			Status: http.StatusTooManyRequests, Camera: asked.camera, retryAfter: 1,
			Detail: fmt.Sprintf("%d snapshots are already being made for %s, the limit", maxSnapshots, name),
		}
	}
	for _, name := range names {
		if who := v.all[name]; !asked.isDefault() && who != nil && who.pictures[asked] == 0 && who.of(asked.camera) >= mostOfCamera {
			return nil, &problem{
				Status: http.StatusTooManyRequests, Camera: asked.camera, retryAfter: retryAfter,
				Detail: fmt.Sprintf("%d different pictures of this camera are already being made for %s; the rest of max_renditions is reserved for others", mostOfCamera, name),
			}
		}
	}
	if v.all == nil {
		v.all = map[string]*visitor{}
	}
	for _, name := range names {
		if v.all[name] == nil {
			v.all[name] = &visitor{pictures: map[requested]int{}}
		}
		v.all[name].pictures[asked]++
		if snapshot {
			v.all[name].snapshots++
		}
	}
	return func() { v.leave(names, asked, snapshot) }, nil
}

// of returns how many different pictures of a camera the visitor has, not counting the default one.
func (v *visitor) of(camera string) (n int) {
	for p := range v.pictures {
		if p.camera == camera && !p.isDefault() {
			n++
		}
	}
	return n
}

func (v *visitors) leave(names []string, asked requested, snapshot bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, name := range names {
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

// logRefusal logs who was refused. The number of lines is limited, because a client may ask again at once.
func (s *server) logRefusal(r *http.Request, camera string, refused *problem) {
	s.visitLog.Warn("request refused", "camera", camera, "who", cmp.Or(sharedOf(r), visitorOf(r)), "from", addressOf(r), "reason", refused.Detail)
}

// enter counts a viewer of a camera until leave is called, or refuses one who is beyond a limit.
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
