package account

import (
	"github.com/google/uuid"

	"pilothandbook/platform/fault"
)

// Person reads the id of an account as it stands in an address of operators'
// pages. What is no id names nobody.
func Person(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, Nobody()
	}
	return id, nil
}

// Nobody is the fault of an account that is not there.
func Nobody() error {
	return fault.New(fault.NotFound, "There is no such account, or not any more. Look for it among the people.")
}
