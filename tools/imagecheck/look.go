package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // JPEG, PNG and WebP are the formats of snapshots
	_ "image/png"
	"time"

	"github.com/framegate/framegate/internal/testcam/mark"
	"github.com/framegate/framegate/internal/viewer"

	_ "golang.org/x/image/webp"
)

const (
	timeout = time.Minute // of the whole check
	parts   = 25          // read from each stream
)

// look checks that a framegate has the cameras and shows each of them.
func look(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for _, path := range []string{"/healthz", "/readyz"} {
		if err := until(ctx, base+path); err != nil {
			return err
		}
	}
	_, body, err := viewer.Get(ctx, base+"/api/cameras")
	if err != nil {
		return err
	}
	var found []struct{ ID, State, Error, Codec string }
	if err := json.Unmarshal(body, &found); err != nil {
		return err
	}
	if len(found) != len(codecs)+1 {
		return fmt.Errorf("%d cameras, want %d", len(found), len(codecs)+1)
	}
	for i, c := range found {
		if c.Error != "" {
			return fmt.Errorf("camera %s is %s: %s", c.ID, c.State, c.Error)
		}
		size, err := shows(ctx, base+"/cameras/"+c.ID, i+1)
		if err != nil {
			return fmt.Errorf("camera %s: %w", c.ID, err)
		}
		fmt.Printf("%s: %s, snapshots, and a stream of %d pictures with %d bytes\n", c.ID, c.Codec, parts, size)
	}
	return nil
}

// shows checks that a camera's snapshots and its stream show the test camera with this number.
func shows(ctx context.Context, camera string, number int) (size int, err error) {
	for _, snapshot := range []string{"jpg?overlay=none", "png?overlay=none", "webp?overlay=none", "jpg?rotate=90"} {
		_, body, err := viewer.Get(ctx, camera+"/snapshot."+snapshot)
		if err != nil {
			return 0, err
		}
		picture, _, err := image.Decode(bytes.NewReader(body))
		if err != nil {
			return 0, fmt.Errorf("%s: %w", snapshot, err)
		}
		if snapshot == "jpg?rotate=90" { // with the overlay, and without a readable number
			if picture.Bounds().Dx() > picture.Bounds().Dy() {
				return 0, errors.New("the picture is not rotated")
			}
			continue
		}
		if seen, _, err := mark.Read(picture); err != nil || seen != number {
			return 0, fmt.Errorf("%s shows camera %d, not %d: %v", snapshot, seen, number, err)
		}
	}
	stream, err := viewer.Open(ctx, camera+"/stream?overlay=none")
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	for range parts {
		part, err := stream.Next()
		if err != nil {
			return 0, err
		}
		picture, _, err := image.Decode(bytes.NewReader(part.JPEG))
		if err != nil {
			return 0, err
		}
		if seen, _, err := mark.Read(picture); err != nil || seen != number {
			return 0, fmt.Errorf("the stream shows camera %d, not %d: %v", seen, number, err)
		}
		size += len(part.JPEG)
	}
	return size, nil
}

// until waits for an answer with status 200. The error is that of the last attempt.
func until(ctx context.Context, url string) error {
	for {
		_, _, err := viewer.Get(ctx, url)
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
