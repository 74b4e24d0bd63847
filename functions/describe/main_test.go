package describe_test

import (
	"testing"

	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }
