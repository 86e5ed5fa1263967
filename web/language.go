package web

import (
	"net/http"
	"net/url"

	"github.com/framegate/framegate/web/texts"
)

// languageParameter names the language of a page in its address, and languageCookie the one that was chosen last.
const (
	languageParameter = "lang"
	languageCookie    = "framegate_language"
)

// yearInSeconds is how long a browser keeps the choice.
const yearInSeconds = 365 * 24 * 60 * 60

// language returns the texts in the language of a request: the one in its address, else the one that was chosen last, else what the
// browser asks for.
func language(r *http.Request) *texts.Table {
	chosen := ""
	if cookie, err := r.Cookie(languageCookie); err == nil {
		chosen = cookie.Value
	}
	return texts.Match(r.URL.Query().Get(languageParameter), chosen, r.Header.Get("Accept-Language"))
}

// keepLanguage makes the browser remember the language in the address of a request.
func keepLanguage(w http.ResponseWriter, r *http.Request) {
	if !r.URL.Query().Has(languageParameter) || !acceptsHTML.MatchString(r.Header.Get("Accept")) { // scripts choose nothing
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: languageCookie, Value: language(r).Code, Path: "/", MaxAge: yearInSeconds,
		Secure: overTLS(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// languageLink leads to the same page in another language.
type languageLink struct{ Code, Tag, Name, Href string }

// otherLanguages returns links to the page of a request in the other languages. The answer to a form is no page to return to.
func otherLanguages(r *http.Request, now *texts.Table) (all []languageLink) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	for _, table := range texts.Tables {
		if table == now {
			continue
		}
		query := r.URL.Query()
		query.Set(languageParameter, table.Code)
		href := url.URL{RawQuery: query.Encode()}
		all = append(all, languageLink{table.Code, table.Tag(), table.Name(), href.String()})
	}
	return all
}
