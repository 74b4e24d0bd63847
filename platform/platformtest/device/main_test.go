package device_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/device"
)

// updating is the variable that makes this program a device that updates: it
// holds the folder, the handbook's address, the session and the module.
const updating = "HANDBOOK_TEST_UPDATING"

func TestMain(m *testing.M) {
	if asked := os.Getenv(updating); asked != "" {
		updateAsChild(asked)
	}
	platformtest.Main(m)
}

func updateAsChild(asked string) {
	var folder, url, session, module string
	_, err := fmt.Sscan(asked, &folder, &url, &session, &module)
	if err == nil {
		var d *device.Device
		if d, err = device.Open(folder, url, session); err == nil {
			err = d.Update(context.Background(), module)
		}
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}
