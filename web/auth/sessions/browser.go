package sessions

import "strings"

// The browsers and systems that are recognised by a word in User-Agent. The first that fits counts: a browser may also name one further
// down the list.
var (
	browsers = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}, {"python-requests/", "Python"},
	}
	systems = [][2]string{
		{"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
	}
)

// browser describes a User-Agent, for example as Firefox on Linux.
func browser(agent string) string {
	name := first(browsers, agent, "Another browser")
	if system := first(systems, agent, ""); system != "" {
		return name + " on " + system
	}
	return name
}

func first(words [][2]string, in, otherwise string) string {
	for _, word := range words {
		if strings.Contains(in, word[0]) {
			return word[1]
		}
	}
	return otherwise
}
