package web

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/texts"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are the templates of all pages by the code of their language.
var pages = func() map[string]*template.Template {
	all := template.Must(template.New("").Funcs(functions(texts.English)).ParseFS(pageFiles, "pages/*.html"))
	in := map[string]*template.Template{}
	for _, table := range texts.Tables {
		in[table.Code] = template.Must(all.Clone()).Funcs(functions(table))
	}
	return in
}()

// functions are what the templates of a language may call. t and markup return a text of its table.
func functions(table *texts.Table) template.FuncMap {
	return template.FuncMap{
		"t": table.Text, "markup": table.HTML, "translate": table.Translate, "language": table.Tag,
		"fault":   func(camera registry.Status) string { return faultOf(table, camera) },
		"values":  func(p parameter) string { return p.values(table) },
		"join":    func(list []string) string { return strings.Join(list, ", ") },
		"browser": func(name string) string { return browserIn(table, name) },
		"scripts": func(root, version string, names ...string) pageScripts {
			return pageScripts{root, version, names, textsOf(table, names...)}
		},
	}
}

// pageScripts are the scripts of a page, without .js, and the texts that they need.
type pageScripts struct {
	Root, Version string
	Names         []string
	Texts         map[string]any
}

// faultOf says why a camera has no picture, empty if it has one: the reason, and the error unless that only names the reason.
func faultOf(table *texts.Table, camera registry.Status) string {
	reason := table.Text("reason." + string(cmp.Or(camera.Reason, frame.Failed)))
	switch {
	case camera.Error == "":
		return ""
	case camera.Error == publicError(camera.Error, string(camera.Reason)):
		return reason
	}
	return table.Text("fault", "reason", reason, "error", camera.Error)
}

// browserIn describes the browser of a session, which names its system after "on".
func browserIn(table *texts.Table, name string) string {
	browser, system, known := strings.Cut(name, " on ")
	if !known {
		return name
	}
	return table.Text("account.on", "browser", browser, "system", system)
}

// page answers with a page. It adds to the values what all pages need.
func (s *server) page(w http.ResponseWriter, r *http.Request, name string, values map[string]any) {
	s.pageWithStatus(w, r, http.StatusOK, name, values)
}

func (s *server) pageWithStatus(w http.ResponseWriter, r *http.Request, status int, name string, values map[string]any) {
	who := s.pageVisitor(r)
	table := language(r)
	values["Root"], values["Version"], values["Visitor"], values["Languages"] = root(r), s.Version, who, otherLanguages(r, table)
	var body bytes.Buffer
	if err := pages[table.Code].ExecuteTemplate(&body, name, values); err != nil {
		s.Log.Error("rendering a page failed", "page", name, "error", err)
		problem{Status: http.StatusInternalServerError, Detail: "rendering the page failed; the log says more"}.write(w)
		return
	}
	h := w.Header()
	origins := s.config.Load().EmbedOrigins
	if name == "account.html" || strings.HasPrefix(name, "setup") {
		origins = nil // their buttons change more than what is shown
	}
	h.Set("Content-Security-Policy", pagePolicy(origins, who.SignedIn || name == "sign-in.html" || name == "account.html" || name == "setup-first.html"))
	h.Set("Referrer-Policy", "same-origin") // without a referrer, the forms of a page have no Origin either, and are refused
	if name != "embed.html" {               // whose address somebody else has chosen
		keepLanguage(w, r)
	}
	writePage(w, status, &body)
}

// plainPage answers with a page that needs nothing else of framegate: no style, no script and no picture.
func plainPage(w http.ResponseWriter, r *http.Request, status int, name string, values map[string]any) {
	var body bytes.Buffer
	if err := pages[language(r).Code].ExecuteTemplate(&body, name, values); err != nil {
		problem{Status: status, Detail: err.Error()}.write(w)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	writePage(w, status, &body)
}

func writePage(w http.ResponseWriter, status int, body *bytes.Buffer) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language, Cookie")
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
