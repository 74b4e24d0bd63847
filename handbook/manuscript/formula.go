package manuscript

import (
	"errors"

	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/formula"
)

// typeset sets the formulas of a module's lessons.
func typeset(setter *formula.Setter) func(tex string, display bool) (mdx.Formula, error) {
	return func(tex string, display bool) (mdx.Formula, error) {
		f, err := setter.Set(tex, display)
		var wrong *formula.Error
		if errors.As(err, &wrong) {
			err = &mdx.FormulaError{At: wrong.At, Text: wrong.Text}
		}
		return mdx.Formula{HTML: f.MathML, Text: f.Text}, err
	}
}
