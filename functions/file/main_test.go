package file_test

import (
	"os"
	"testing"

	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) {
	if asked := os.Getenv(serving); asked != "" {
		serve(asked)
	}
	platformtest.Main(m)
}
