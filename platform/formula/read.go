package formula

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The bounds of a formula, far from what one needs.
const (
	maxLength = 2_000 // bytes
	maxDepth  = 40    // braces, \left and \begin within each other
)

// forbidden are commands that a formula may not have, by what is to be done
// instead: those that define others, so that the text says all there is;
// those that lead out of the formula; and colours and numbers, which are the
// page's.
var forbidden = func() map[string]string {
	byReason := map[string]string{
		"lessons define no macros; write out what it stands for": `\def \gdef \edef \xdef \let \futurelet \newcommand ` +
			`\renewcommand \providecommand \global \long \expandafter \noexpand`,
		"formulas have no links, images and HTML; put them into the text": `\href \url \includegraphics \class \id \cssId \style \data ` +
			`\htmlClass \htmlId \htmlStyle \htmlData \toggle \texttip \mathtip \tip`,
		"colours are those of the page; remove it":         `\color \textcolor \colorbox \fcolorbox \definecolor`,
		"formulas are not numbered; name them in the text": `\tag \label \ref \eqref`,
		"write the character itself":                       `\char \unicode`,
		"browsers cannot be relied on to show it; write the formula without it": `\cancel \bcancel \xcancel \cancelto \sout \longdiv \phase \angln ` +
			`\llap \rlap \clap \mathllap \mathrlap \mathclap \raisebox \reflectbox \rotatebox \verb \fbox \vcenter`,
	}
	commands := map[string]string{}
	for reason, names := range byReason {
		for name := range strings.FieldsSeq(names) {
			commands[name] = reason
		}
	}
	return commands
}()

// token is a command, an escaped character, or a brace.
var token = regexp.MustCompile(`\\(?:[a-zA-Z@]+|(?s:.))|[{}]`)

// readable checks a formula before it is given to the script.
func readable(tex string) error {
	switch {
	case len(tex) > maxLength:
		return &Error{0, fmt.Sprintf("the formula is over %d bytes; split it", maxLength)}
	case strings.TrimSpace(tex) == "":
		return &Error{0, "the formula is empty; write it or remove the dollars"}
	case !utf8.ValidString(tex):
		return &Error{0, "this is not UTF-8"}
	}
	for at, r := range tex {
		if r > 0xFFFF {
			return &Error{at, fmt.Sprintf("the character %c is not for formulas; write a command for it", r)}
		}
	}
	return shallow(tex)
}

// nests is how much deeper a formula is behind a token.
var nests = map[string]int{
	"{": 1, `\left`: 1, `\begin`: 1, `\bgroup`: 1, `\begingroup`: 1,
	"}": -1, `\right`: -1, `\end`: -1, `\egroup`: -1, `\endgroup`: -1,
}

// shallow goes through the commands and braces of a formula. Temml itself
// tells of those that do not match.
func shallow(tex string) error {
	depth := 0
	for _, found := range token.FindAllStringIndex(tex, -1) {
		name := tex[found[0]:found[1]]
		depth += nests[name]
		switch {
		case depth > maxDepth:
			return &Error{found[0], fmt.Sprintf("the formula is nested deeper than %d levels; make it simpler", maxDepth)}
		case forbidden[name] != "":
			return &Error{found[0], name + ": " + forbidden[name]}
		case strings.Contains(name, "@") && len(name) > 2:
			return &Error{found[0], name + " is not for formulas; remove it"}
		}
	}
	return nil
}
