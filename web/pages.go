package web

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// page answers with a page. It adds to the values what all pages need.
func (s *server) page(w http.ResponseWriter, r *http.Request, name string, values map[string]any) {
	s.pageWithStatus(w, r, http.StatusOK, name, values)
}

func (s *server) pageWithStatus(w http.ResponseWriter, r *http.Request, status int, name string, values map[string]any) {
	who := s.pageVisitor(r)
	values["Root"], values["Version"], values["Visitor"] = root(r), s.Version, who
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, values); err != nil {
		s.Log.Error("rendering a page failed", "page", name, "error", err)
		problem{Status: http.StatusInternalServerError, Detail: "rendering the page failed; the log says more"}.write(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	origins := s.config.Load().EmbedOrigins
	if name == "account.html" || strings.HasPrefix(name, "setup") {
		origins = nil // their buttons change more than what is shown
	}
	h.Set("Content-Security-Policy", pagePolicy(origins, who.SignedIn || name == "sign-in.html" || name == "account.html" || name == "setup-first.html"))
	h.Set("Referrer-Policy", "same-origin") // without a referrer, the forms of a page have no Origin either, and are refused
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

// pagePolicy returns the Content-Security-Policy of a page, which only the given origins may show in a frame: any other site could cover
// the page and trick people into pressing its buttons. Only a page with forms may send some.
func pagePolicy(origins []string, forms bool) string {
	to := "'none'"
	if forms {
		to = "'self'"
	}
	return "default-src 'self'; base-uri 'none'; form-action " + to + "; frame-ancestors " + strings.Join(append([]string{"'self'"}, origins...), " ")
}

// root returns the relative path from a request's path to the wall's, such as "../". All links are relative, because a proxy may serve
// framegate below a path that framegate does not know. A request may also have no path at all, or "*".
func root(r *http.Request) string {
	return strings.Repeat("../", max(0, strings.Count(r.URL.EscapedPath(), "/")-1))
}

// origin returns the URL under which the client reaches the server, with the path below which it is served. Behind a proxy that is not
// trusted it may be wrong, and the page's script corrects it.
func (s *server) origin(r *http.Request) string {
	scheme := "http"
	if overTLS(r) {
		scheme = "https"
	}
	return scheme + "://" + r.Host + s.prefix(r)
}

// static serves the scripts and styles of the pages. It does not list the folder.
func static() http.Handler {
	files := http.FileServerFS(staticFiles)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			problem{Status: http.StatusNotFound, Detail: "there is nothing at this path"}.write(w)
			return
		}
		w.Header().Set("Cache-Control", "max-age=3600")
		files.ServeHTTP(w, r)
	})
}

// Name returns the parameter's name, for the templates.
func (p parameter) Name() string { return p.name }

// Values describes the parameter's values, for the templates.
func (p parameter) Values() string { return p.values }
