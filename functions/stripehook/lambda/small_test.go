package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"pilothandbook/platform/config"
)

// most is how many bytes the function may have; every start reads them.
const most = 20 << 20

// What it links is checked beside other rules of imports, and here what comes of
// it: html/template and text/template, for instance, which two dependencies name
// and use none of, would keep every method of every type.
func TestSmall(t *testing.T) {
	t.Parallel()
	info, err := os.Stat(build(t, "."))
	if err != nil || info.Size() > most {
		t.Errorf("the function has %d bytes, of %d: %v", info.Size(), most, err)
	}
}

// TestTemplate holds the template to what the function needs, and to the
// connections that PostgreSQL has.
func TestTemplate(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Transform  string `yaml:"Transform"`
		Parameters map[string]struct {
			AllowedPattern string `yaml:"AllowedPattern"`
			NoEcho         bool   `yaml:"NoEcho"`
		} `yaml:"Parameters"`
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				Runtime       string   `yaml:"Runtime"`
				Handler       string   `yaml:"Handler"`
				Architectures []string `yaml:"Architectures"`
				CodeURI       string   `yaml:"CodeUri"`
				Timeout       int      `yaml:"Timeout"`
				Reserved      int      `yaml:"ReservedConcurrentExecutions"`
				Address       *struct {
					AuthType string `yaml:"AuthType"`
				} `yaml:"FunctionUrlConfig"`
				Environment struct {
					Variables map[string]any `yaml:"Variables"`
				} `yaml:"Environment"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
		Outputs map[string]struct {
			Value map[string]string `yaml:"Value"`
		} `yaml:"Outputs"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	f := file.Resources["StripeHook"].Properties
	if len(file.Resources) != 1 || file.Resources["StripeHook"].Type != "AWS::Serverless::Function" {
		t.Errorf("resources %+v: a queue, or no function", file.Resources)
	}
	if f.Runtime != "provided.al2023" || f.Handler != "bootstrap" || f.CodeURI != "../../../bin/stripehook-"+f.Architectures[0]+".zip" {
		t.Errorf("%+v", f)
	}
	if file.Transform != "AWS::Serverless-2016-10-31" || f.Timeout != 20 {
		t.Errorf("the transform %q, and a timeout of %d s where Stripe waits for 20", file.Transform, f.Timeout)
	}
	if f.Address == nil || f.Address.AuthType != "NONE" || file.Outputs["Webhook"].Value["Fn::Sub"] != "${StripeHookUrl.FunctionUrl}api/stripe/webhook" {
		t.Errorf("Stripe cannot reach it: its address is %+v, and %v is told", f.Address, file.Outputs["Webhook"].Value)
	}
	const allowed, superusers, services = 20, 3, 15 // of PostgreSQL; the latter as handbook doctor adds them up
	if f.Reserved != allowed-superusers-services || f.Environment.Variables["DATABASE_MAX_CONNS"] != "1" {
		t.Errorf("%d instances of %v connections, where 2 are left of 20", f.Reserved, f.Environment.Variables["DATABASE_MAX_CONNS"])
	}
	known := config.Docs()
	for name := range f.Environment.Variables {
		if !strings.Contains(known, "`"+name+"`") {
			t.Errorf("%s is no variable of the handbook", name)
		}
	}
	database := file.Parameters["DatabaseUrl"]
	tls := regexp.MustCompile(database.AllowedPattern)
	for url, want := range map[string]bool{
		"postgres://u:p@host:5432/db?sslmode=require": true, "postgresql://u:p@host/db?a=b&sslmode=verify-full&c=d": true,
		"postgres://u:p@host/db": false, "postgres://u:p@host/db?sslmode=disable": false, "postgres://u:p@host/db?sslmode=prefer": false,
	} {
		if tls.MatchString(url) != want {
			t.Errorf("%s is taken: %v", url, !want)
		}
	}
	for _, secret := range []string{"DatabaseUrl", "StripeWebhookSecret"} {
		if !file.Parameters[secret].NoEcho {
			t.Errorf("%s is shown", secret)
		}
	}
}
