// Package malformedbody is a local plugin of Traefik, which interprets this source with Yaegi.
//
// When the body of a request breaks off or its transfer coding is not valid, Traefik answers 500, and
// its middleware errors cannot tell that 500 from one of the backend. With this plugin the answer is
// 499, which the backend never says. The response is not wrapped: an interpreted ResponseWriter has no
// Flush (https://github.com/traefik/traefik/issues/10269).
package malformedbody

import (
	"context"
	"io"
	"net"
	"net/http"
)

// Config has no options.
type Config struct{}

// CreateConfig returns the configuration before the options are set.
func CreateConfig() *Config {
	return &Config{}
}

type middleware struct {
	next http.Handler
}

// New returns the handler in front of next.
func New(_ context.Context, next http.Handler, _ *Config, _ string) (http.Handler, error) {
	return &middleware{next: next}, nil
}

// ServeHTTP passes a request without a body on as it is.
//
// net/http takes a client that ends its half of the connection within a body for one that went away,
// and cancels the context, so that nothing could be asked for the answer. Until the body is read to its
// end, it is Read that says so; the context follows that of the client from then on.
func (m *middleware) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	if request.ContentLength == 0 {
		m.next.ServeHTTP(writer, request)
		return
	}
	client := request.Context()
	ctx, cancel := context.WithCancel(context.WithoutCancel(client))
	defer cancel()
	followed := request.WithContext(ctx)
	followed.Body = &body{source: request.Body, client: client, cancel: cancel}
	m.next.ServeHTTP(writer, followed)
}

type body struct {
	source io.ReadCloser
	client context.Context
	cancel context.CancelFunc
	ended  bool
}

// Read returns context.Canceled, for which Traefik answers 499, in place of what is wrong with the body.
// A failure of the connection (a timeout, a reset) passes: Traefik answers it with 502 or 504.
func (b *body) Read(buffer []byte) (int, error) {
	count, err := b.source.Read(buffer)
	if err == nil {
		return count, nil
	}
	if err == io.EOF {
		b.end()
		return count, io.EOF
	}
	if _, failed := err.(net.Error); failed {
		return count, err
	}
	return count, context.Canceled
}

func (b *body) end() {
	if !b.ended {
		b.ended = true
		context.AfterFunc(b.client, b.cancel)
	}
}

func (b *body) Close() error {
	return b.source.Close()
}
