package viewer

import (
	"context"
	"io"
	"net/http"
)

// Get requests something that has an end, such as a snapshot, and returns its head and its body. The error for an answer other than 200
// is a Refused.
func Get(ctx context.Context, url string) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = &Refused{resp.StatusCode, string(body)}
	}
	return resp.Header, body, err
}
