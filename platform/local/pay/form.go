package pay

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// form reads the parameters of one call. It keeps the first fault, so that a
// reader asks for one parameter after the other and looks at the end, in
// finish, which also refuses every parameter that nobody asked for.
type form struct {
	values url.Values
	known  map[string]bool
	fault  *apiError
}

func newForm(values url.Values) *form {
	return &form{values: values, known: map[string]bool{}}
}

func (f *form) refuse(e *apiError) {
	if f.fault == nil {
		f.fault = e
	}
}

func (f *form) finish() error {
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if !f.known[name] {
			f.refuse(invalid("parameter_unknown", name, "Received unknown parameter: %s. (This is the stand-in for Stripe, which knows fewer than the real one.)", name))
		}
	}
	if f.fault != nil {
		return f.fault
	}
	return nil
}

// has tells if a parameter is given, be it wrong.
func (f *form) has(name string) bool {
	_, ok := f.values[name]
	return ok
}

// text returns a parameter, "" if it is not given; given but empty is a fault.
func (f *form) text(name string) string {
	f.known[name] = true
	if !f.has(name) {
		return ""
	}
	value := f.values.Get(name)
	if value == "" {
		f.refuse(invalid("parameter_invalid_empty", name, "You passed an empty string for '%s'. We assume empty values are an attempt to unset a parameter; however '%s' cannot be unset. You should remove '%s' from your request or supply a non-empty value.", name, name, name))
	}
	return value
}

func (f *form) need(name string) string {
	value := f.text(name)
	if !f.has(name) {
		f.refuse(invalid("parameter_missing", name, "Missing required param: %s.", name))
	}
	return value
}

// choice returns one of the allowed words, or "".
func (f *form) choice(name string, allowed ...string) string {
	value := f.text(name)
	if value != "" && !slices.Contains(allowed, value) {
		f.refuse(invalid("", name, "Invalid %s: must be one of %s", name, strings.Join(allowed, ", ")))
	}
	return value
}

// integer returns a whole number between low and high, absent if not given.
func (f *form) integer(name string, low, high, absent int64) int64 {
	value := f.text(name)
	if value == "" {
		return absent
	}
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil:
		f.refuse(invalid("parameter_invalid_integer", name, "Invalid integer: %s", value))
	case n < low:
		f.refuse(invalid("parameter_invalid_integer", name, "This value must be greater than or equal to %d.", low))
	case n > high:
		f.refuse(invalid("parameter_invalid_integer", name, "This value must be less than or equal to %d.", high))
	default:
		return n
	}
	return absent
}

// yes tells if a parameter is true.
func (f *form) yes(name string) bool { return f.choice(name, "true", "false") == "true" }

// percent returns a share of a hundred, 0 if it is not given.
func (f *form) percent(name string) float64 {
	value := f.text(name)
	if value == "" {
		return 0
	}
	share, err := strconv.ParseFloat(value, 64)
	if err != nil || !(share > 0 && share <= 100) {
		f.refuse(invalid("", name, "Invalid decimal: %s; must be greater than 0 and at most 100", value))
	}
	return share
}

// address returns a web address. Others, such as scripts, must never become
// the target of a redirect.
func (f *form) address(name string) string {
	value := f.text(name)
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		f.refuse(invalid("url_invalid", name, "Not a valid URL"))
	}
	return value
}

// words returns name[], or name[0], name[1] and so on.
func (f *form) words(name string) []string {
	all := slices.Clone(f.values[name+"[]"])
	f.known[name+"[]"] = true
	for i := 0; f.has(at(name, i)); i++ {
		all = append(all, f.text(at(name, i)))
	}
	return all
}

func at(name string, i int) string { return name + "[" + strconv.Itoa(i) + "]" }

// any tells if there is a parameter below name.
func (f *form) any(name string) bool {
	for given := range f.values {
		if strings.HasPrefix(given, name+"[") {
			return true
		}
	}
	return false
}

// metadata returns name[key] for all keys, within Stripe's limits.
func (f *form) metadata(name string) map[string]string {
	found := map[string]string{}
	for given := range f.values {
		key, ok := strings.CutPrefix(given, name+"[")
		key, closed := strings.CutSuffix(key, "]")
		if !ok || !closed || strings.ContainsAny(key, "[]") {
			continue
		}
		f.known[given] = true
		value := f.values.Get(given)
		if len([]rune(key)) > 40 || len([]rune(value)) > 500 {
			f.refuse(invalid("", given, "Metadata keys can have up to 40 characters and values up to 500: '%s' has more.", key))
		}
		if value != "" { // empty means: no such key
			found[key] = value
		}
	}
	if len(found) > 50 {
		f.refuse(invalid("", name, "Metadata can have up to 50 keys, but you provided %d.", len(found)))
	}
	return found
}

// expand reads what the caller wants as objects instead of ids. kind is that
// of the answer.
func (f *form) expand(kind string) expansion {
	all := expansion{}
	for _, path := range f.words("expand") {
		level, here := all, kind
		for name := range strings.SplitSeq(path, ".") {
			if here = expandable(here, name); here == "" {
				f.refuse(invalid("", "expand", "This property cannot be expanded (%s).", path))
				break
			}
			if level[name] == nil {
				level[name] = expansion{}
			}
			level = level[name]
		}
	}
	return all
}

// listKind begins the kind of a list; what it lists follows.
const listKind = "list of "

// expandable returns the kind of what stands in a field, "" if it is always
// just what it is.
func expandable(kind, field string) string {
	if of, ok := strings.CutPrefix(kind, listKind); ok && field == "data" {
		return of
	}
	switch kind + " " + field {
	case "charge refunds":
		return listKind + "refund"
	case "checkout.session line_items":
		return listKind + "item"
	case "checkout.session total_details", "total_details breakdown":
		return field
	}
	target := map[string]string{
		"payment_intent": "payment_intent", "charge": "charge", "latest_charge": "charge",
		"customer": "customer", "invoice": "invoice",
	}[field]
	if target == "" || !slices.Contains(references(kind), field) {
		return ""
	}
	return target
}

// references are the fields of a kind that hold the id of something.
func references(kind string) []string {
	switch kind {
	case "checkout.session", "charge":
		return []string{"payment_intent", "customer", "invoice"}
	case "payment_intent":
		return []string{"latest_charge", "customer", "invoice"}
	case "refund", "dispute":
		return []string{"payment_intent", "charge"}
	case "invoice":
		return []string{"payment_intent", "charge", "customer"}
	case "promotion_code":
		return []string{"customer"}
	}
	return nil
}
