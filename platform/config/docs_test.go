package config_test

import (
	"testing"

	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

func TestDocs(t *testing.T) {
	t.Parallel()
	platformtest.Golden(t, "../../../docs/configuration.md", config.Docs())
}
