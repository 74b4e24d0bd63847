package mdx

import (
	"unicode"
	"unicode/utf8"
)

// count adds the words that begin in a text. A word may go on in the next
// text of the same block, as where emphasis ends within it.
func (s *survey) count(text []byte) {
	inWord := s.inWord
	for i := 0; i < len(text); i++ {
		class := classes[text[i]]
		if class == other {
			r, size := utf8.DecodeRune(text[i:])
			i += size - 1
			switch {
			case unicode.IsSpace(r):
				class = blank
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				class = ofWord
			}
		}
		switch {
		case class == blank:
			inWord = false
		case class == ofWord && !inWord:
			inWord = true
			s.lesson.Words++
		}
	}
	s.inWord = inWord
}

// Classes of characters: what ends a word, what begins one, what does neither,
// and what needs a closer look.
const (
	sign = iota
	blank
	ofWord
	other
)

// classes are those of bytes.
var classes = func() (table [256]byte) {
	for c := range table {
		switch {
		case c >= utf8.RuneSelf:
			table[c] = other
		case unicode.IsSpace(rune(c)):
			table[c] = blank
		case unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)):
			table[c] = ofWord
		}
	}
	return table
}()
