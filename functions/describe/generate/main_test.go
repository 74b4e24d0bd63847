package main

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// TestCurrent wants openapi.json to be what the parts make.
func TestCurrent(t *testing.T) {
	t.Parallel()
	want, err := describe(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../openapi.json")
	if err != nil || string(got) != string(want) {
		t.Errorf("functions/describe/openapi.json is not what the parts make; go generate ./functions/describe writes it (%v)", err)
	}
}

// What a part cannot mean is refused, with the function and what is wrong.
func TestRefused(t *testing.T) {
	t.Parallel()
	base, err := os.ReadFile("../base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, part, want string }{
		{"no group", "paths: {/a: {get: {access: public, summary: A, page: A.}}}", `the group ""`},
		{"no summary", "group: Reading\npaths: {/a: {get: {access: public, page: A.}}}", `the summary ""`},
		{"unknown access", "group: Reading\npaths: {/a: {get: {access: nobody, summary: A, page: A.}}}", `the access "nobody"`},
		{"signed by nothing", "group: Reading\npaths: {/a: {get: {access: signed, summary: A, page: A.}}}", `the access "signed"`},
		{"unknown parameter", "group: Reading\npaths: {'/a/{what}': {get: {access: public, summary: A, page: A.}}}", "what is {what}?"},
		{"unknown fault", "group: Reading\npaths: {/a: {get: {access: public, summary: A, faults: {broken: B.}}}}", `no kind of fault "broken"`},
		{"unknown key", "group: Reading\nroutes: {}", "routes"},
		{"a list of nothing", "group: Reading\nschemas: {A: {b: []}}", "the form [of what]"},
		{"takes over nothing", "group: Reading\nschemas: {A: {...: [B]}}", "no schema B"},
		{"there already", "group: Reading\nschemas: {Fault: {b: string}}", "another schema Fault"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := describe(fstest.MapFS{"describe/base.yaml": {Data: base}, "one/openapi.yaml": {Data: []byte(tc.part)}})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
