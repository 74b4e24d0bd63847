package optimise

import (
	"context"
	"fmt"
	"net/http"
)

// Ping asks Cloudinary whether it lets the account in. It changes nothing.
func (c *Cloudinary) Ping(ctx context.Context) error {
	cloud := c.config.Cloud
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.cloudinary.com/v1_1/"+cloud.CloudName+"/ping", nil)
	if err != nil {
		return fmt.Errorf("cloudinary: %w", err)
	}
	r.SetBasicAuth(cloud.APIKey, cloud.APISecret)
	got, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("it does not answer: %w", err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("it does not let us in: %s", got.Status)
	}
	return nil
}
