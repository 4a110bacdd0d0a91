// Package malformedbody is a local plugin of Traefik, which interprets this source with Yaegi.
//
// When the body of a request is incomplete or its transfer coding is not valid, Traefik responds with
// 500. Its middleware "errors" cannot distinguish that 500 from one of the backend. With this plugin
// the status is 499, which the backend never sends. The response is not wrapped: an interpreted
// ResponseWriter has no Flush (https://github.com/traefik/traefik/issues/10269).
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

// ServeHTTP forwards a request without a body unchanged.
//
// If a client closes its half of the connection within a body, net/http treats it as disconnected and
// cancels the context. Then Traefik could not request the error response. So this context does not
// follow the client's until the body has been read to its end; before that, Read reports the error.
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

// Read returns context.Canceled for an error of the body, because Traefik responds to it with 499.
// Errors of the connection (a timeout, a reset) are returned unchanged: Traefik sends 502 or 504.
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
