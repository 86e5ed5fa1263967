package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// bodyTimeout is how long a client may take to send the body of a request.
const bodyTimeout = 10 * time.Second

// bodies limits how long the bodies of requests may take. Bodies of GET and HEAD are read before the request is answered, and ignored:
// net/http notices that a client has gone only after the body has been read.
func bodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		control := http.NewResponseController(w)
		control.SetReadDeadline(time.Now().Add(bodyTimeout))
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
				w.Header().Set("Connection", "close")
				p := problem{Status: http.StatusRequestTimeout, Detail: fmt.Sprintf("the body of the request did not come within %v", bodyTimeout)}
				if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
					p = problem{Status: http.StatusRequestEntityTooLarge, Detail: "the body is larger than 64 KiB"}
				}
				p.write(w)
				return
			}
			control.SetReadDeadline(time.Time{})
		}
		r.Body = &limitedBody{r.Body, control}
		next.ServeHTTP(w, r)
	})
}

// limitedBody is a body whose limit of time ends with it: net/http would take the limit for the end of the client, and cancel the request.
type limitedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *limitedBody) Read(p []byte) (n int, err error) {
	n, err = b.ReadCloser.Read(p)
	if err == io.EOF {
		b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// maxRanges is how many parts of an answer a request may ask for. Each is sent with its own head.
const maxRanges = 8

// ranges ignores a header Range with too many parts, so that the whole answer is sent.
func ranges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Count(r.Header.Get("Range"), ",") >= maxRanges {
			r.Header.Del("Range")
		}
		next.ServeHTTP(w, r)
	})
}

// readObject reads the body of a request, a JSON object with no other keys than those of a struct. The error shows an example of one.
func readObject(r *http.Request, into any, example string) *problem {
	body, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: "the body is larger than 64 KiB"}
	case err != nil:
		return &problem{Status: http.StatusRequestTimeout, Detail: "the body of the request did not come"}
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil || decoder.More() {
		return &problem{Status: http.StatusBadRequest, Detail: "the body must be a JSON object with these keys only: " + example}
	}
	return nil
}
