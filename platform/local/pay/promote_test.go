package pay_test

import (
	"strings"
	"testing"
)

// TestPromote: codes that people may try are on the pages, each once.
func TestPromote(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	for range 2 {
		for code, percent := range map[string]float64{"HALF": 50, "FREE": 100} {
			if err := s.pay.Promote(code, percent); err != nil {
				t.Fatal(err)
			}
		}
	}
	n := 0
	for list := s.api.PromotionCodes.List(nil); list.Next(); n++ {
		if p := list.PromotionCode(); !p.Active || !strings.HasPrefix(p.Coupon.ID, "LOCAL-") {
			t.Errorf("%+v", p)
		}
	}
	if n != 2 {
		t.Errorf("%d codes", n)
	}
}
