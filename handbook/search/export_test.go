package search

// What tests see of the package's inside.
var (
	Codes = codes
	Near  = near
)

// Words returns the words of a text.
func Words(text string) []string { return words([]row{{Section: Section{Body: text}}}) }
