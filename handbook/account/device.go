package account

import "strings"

// mark is a piece of a User-Agent and what it says. Of several that fit, the
// first counts: most browsers also claim to be those that came before them.
type mark struct{ piece, name string }

var browserMarks = []mark{
	{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
	{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
}

var systemMarks = []mark{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "Chromebook"},
	{"Windows", "Windows"}, {"Macintosh", "Mac"}, {"Linux", "Linux"},
}

// DeviceName names a device by its User-Agent in a few words, such as "Chrome on Android".
func DeviceName(userAgent string) string {
	browser, system := marked(browserMarks, userAgent), marked(systemMarks, userAgent)
	switch {
	case browser == "" && system == "":
		return "Unknown device"
	case browser == "":
		return "Browser on " + system
	case system == "":
		return browser
	}
	return browser + " on " + system
}

func marked(marks []mark, userAgent string) string {
	for _, m := range marks {
		if strings.Contains(userAgent, m.piece) {
			return m.name
		}
	}
	return ""
}
