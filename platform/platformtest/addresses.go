package platformtest

import "strings"

// OffSite returns addresses that lead, or look as if they led, to another
// site when a browser follows them.
func OffSite() []string {
	hosts := []string{"evil.example", "evil.example/path", "evil.example:443", "user@evil.example", "handbook.example@evil.example", "[::1]", "2130706433", "%65vil.example", "evil。example"}
	openings := []string{
		"https://", "http://", "HTTPS://", "https:/", "https:", "https:\\\\", "//", "///", "////", "/\\", "\\/", "\\\\", "\\", "/\\/", "//\\", "\t//", "/\t/", "/\n/", "/\r/", "/\x00/",
		" //", "\u00a0//", "\ufeff//", "/%09/", "/%5c", "/%2f", "/%2f%2f", "%2f%2f", "/.//", "/..//", "/./\\", "/x/..//", ".//", "..//", "@", "/@", "?//", "#//", "//%2f", "ftp://", "javascript://", "data://", "/\x7f/", "/\u2028/", "/／", "／／", "/\xff/", "/;@", "/x\r\nLocation: https://", "/x\nSet-Cookie: a=b; domain=",
	}
	all := []string{"javascript:alert(1)", "data:text/html,x", "mailto:x@evil.example", "", " ", "/\\", "//", "///", strings.Repeat("/", 499) + "evil.example"}
	for _, o := range openings {
		for _, h := range hosts {
			all = append(all, o+h)
		}
	}
	return all
}

// Leaves reports whether a browser that is told to go to an address leaves
// the site, as the URL standard reads it: control characters at the ends and
// tabs and line breaks anywhere do not count, and a backslash is a slash.
func Leaves(location string) bool {
	seen := strings.Trim(location, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f ")
	seen = strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(seen)
	return !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") || strings.ContainsAny(location, "\r\n\x00")
}
