// Command visit looks at a framegate as a client does, and fails unless every camera is shown.
//
//	visit http://127.0.0.1:8080
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"time"

	"framegate/internal/viewer"
)

const (
	patience = 2 * time.Minute // for all of it
	parts    = 25              // that are read of each stream
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: visit URL")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := visit(ctx, os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "visit: %v\n", err)
		os.Exit(1)
	}
}

func visit(ctx context.Context, base string) error {
	if err := until(ctx, func() error { _, err := get(ctx, base+"/healthz"); return err }); err != nil {
		return err
	}
	// Ready means that every camera has come or failed once.
	if err := until(ctx, func() error { _, err := get(ctx, base+"/readyz"); return err }); err != nil {
		return err
	}
	body, err := get(ctx, base+"/api/cameras")
	if err != nil {
		return err
	}
	var cameras []struct{ ID, State, Error, Codec string }
	if err := json.Unmarshal(body, &cameras); err != nil {
		return err
	}
	if len(cameras) == 0 {
		return fmt.Errorf("%s has no cameras", base)
	}
	for _, c := range cameras {
		if c.Error != "" {
			return fmt.Errorf("camera %s is %s: %s", c.ID, c.State, c.Error)
		}
		shown, err := look(ctx, base+"/cameras/"+c.ID)
		if err != nil {
			return fmt.Errorf("camera %s: %w", c.ID, err)
		}
		fmt.Printf("camera %s, %s: %s\n", c.ID, c.Codec, shown)
	}
	return nil
}

// look takes a snapshot of a camera, and watches it for some pictures.
func look(ctx context.Context, camera string) (string, error) {
	snapshot, err := get(ctx, camera+"/snapshot.jpg")
	if err != nil {
		return "", err
	}
	picture, err := jpeg.Decode(bytes.NewReader(snapshot))
	if err != nil {
		return "", fmt.Errorf("the snapshot: %w", err)
	}
	stream, err := viewer.Open(ctx, camera+"/stream")
	if err != nil {
		return "", err
	}
	defer stream.Close()
	size := 0
	for range parts {
		p, err := stream.Next()
		if err != nil {
			return "", err
		}
		if _, err := jpeg.DecodeConfig(bytes.NewReader(p.JPEG)); err != nil {
			return "", fmt.Errorf("a picture of the stream: %w", err)
		}
		size += len(p.JPEG)
	}
	return fmt.Sprintf("a snapshot of %dx%d, a stream of %d pictures with %d bytes", picture.Bounds().Dx(), picture.Bounds().Dy(), parts, size), nil
}

func get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, resp.Status, body)
	}
	return body, err
}

// until tries until it succeeds, and returns the last error where it does not in time.
func until(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}
