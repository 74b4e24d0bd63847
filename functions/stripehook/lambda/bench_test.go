package main

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// BenchmarkColdStart compares the time from exec to the first answer with that
// of the least that AWS Lambda can run. Ours settles a sale; the two start by
// turns, and medians count.
func BenchmarkColdStart(b *testing.B) {
	p, till := platformtest.Shop(b)
	ours, bare := build(b, "."), build(b, "./testdata/bare")
	var function, least []time.Duration
	n := 0
	for b.Loop() {
		_, event := sale(b, p, till, "reader"+string(rune('a'+n%26))+time.Now().Format("150405.000000000")+"@example.com")
		n++
		function = append(function, first(b, ours, p, event))
		least = append(least, first(b, bare, p, event))
	}
	slices.Sort(function)
	slices.Sort(least)
	b.ReportMetric(0, "ns/op")
	took, theirs := function[len(function)/2], least[len(least)/2]
	times := took.Seconds() / theirs.Seconds()
	b.ReportMetric(took.Seconds()*1000, "ms/ours")
	b.ReportMetric(theirs.Seconds()*1000, "ms/bare")
	b.ReportMetric(times, "times")
	if times > 5 {
		b.Errorf("the function answers after %v, the least one after %v: %.2f times as long, want 5 at most", took, theirs, times)
	}
}

func first(b *testing.B, bin string, p *platform.Platform, event string) time.Duration {
	b.Helper()
	r := platformtest.SignedEvent(b, p, event)
	began := time.Now()
	api, end := boot(b, bin, p)
	defer end()
	status, body := api.invoke(b, events.LambdaFunctionURLRequest{Version: "2.0", RawPath: r.URL.Path, Body: event,
		Headers:        map[string]string{"stripe-signature": r.Header.Get("Stripe-Signature")},
		RequestContext: events.LambdaFunctionURLRequestContext{HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{Method: "POST", Path: r.URL.Path}}})
	took := time.Since(began)
	if status != 200 {
		b.Fatal(status, body)
	}
	return took
}
