// Registry serves container images from a folder, on loopback, for tools/pulled.
//
// Blobs and manifests are kept in the folder, so that a second start needs no second push. GET /served returns how
// many bytes of blobs went out since the start, as JSON. With --login NAME:PASSWORD every other request has to bring it.
package main

import (
	"bytes"
	"crypto/subtle"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	address := flag.String("address", "127.0.0.1:5099", "where to listen")
	folder := flag.String("folder", "", "where blobs and manifests are kept")
	login := flag.String("login", "", "NAME:PASSWORD that every request has to bring; empty: none")
	flag.Parse()
	blobs := filepath.Join(*folder, "blobs")
	must(os.MkdirAll(blobs, 0o755))
	quiet := log.New(io.Discard, "", 0)
	images := registry.New(registry.Logger(quiet), registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)))
	kept := &kept{images, filepath.Join(*folder, "manifests")}
	must(os.MkdirAll(kept.folder, 0o755))
	must(kept.restore())
	must(http.ListenAndServe(*address, &counted{guarded(kept, *login), atomic.Int64{}}))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// kept writes each manifest that was accepted to a file named by its escaped path: the content type and a line break,
// then the manifest.
type kept struct {
	images http.Handler
	folder string
}

func (k *kept) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodPut || !strings.Contains(request.URL.Path, "/manifests/") {
		k.images.ServeHTTP(response, request)
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	k.images.ServeHTTP(answer, request)
	if answer.Code == http.StatusCreated {
		content := append([]byte(request.Header.Get("Content-Type")+"\n"), body...)
		if err := os.WriteFile(filepath.Join(k.folder, url.PathEscape(request.URL.Path)), content, 0o644); err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	for name, values := range answer.Header() {
		response.Header()[name] = values
	}
	response.WriteHeader(answer.Code)
	_, _ = response.Write(answer.Body.Bytes())
}

func (k *kept) restore() error {
	files, err := os.ReadDir(k.folder)
	if err != nil {
		return err
	}
	for _, file := range files {
		path, err := url.PathUnescape(file.Name())
		if err != nil {
			return err
		}
		content, err := os.ReadFile(filepath.Join(k.folder, file.Name()))
		if err != nil {
			return err
		}
		kind, body, _ := bytes.Cut(content, []byte("\n"))
		request := httptest.NewRequest(http.MethodPut, path, bytes.NewReader(body))
		request.Header.Set("Content-Type", string(kind))
		answer := httptest.NewRecorder()
		k.images.ServeHTTP(answer, request)
		if answer.Code != http.StatusCreated {
			return fmt.Errorf("%s was not accepted again: %d %s", path, answer.Code, answer.Body)
		}
	}
	return nil
}

// guarded refuses requests without the login (RFC 7617), if there is one.
func guarded(images http.Handler, login string) http.Handler {
	if login == "" {
		return images
	}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		name, password, _ := request.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(name+":"+password), []byte(login)) == 1 {
			images.ServeHTTP(response, request)
			return
		}
		response.Header().Set("WWW-Authenticate", `Basic realm="voting-conformance"`)
		response.WriteHeader(http.StatusUnauthorized)
		_, _ = response.Write([]byte(`{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`))
	})
}

// counted adds up the bytes of blobs that were served.
type counted struct {
	images http.Handler
	bytes  atomic.Int64
}

func (c *counted) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/served" {
		_, _ = fmt.Fprintf(response, `{"bytes": %d}`, c.bytes.Load())
		return
	}
	if request.Method == http.MethodGet && strings.Contains(request.URL.Path, "/blobs/") {
		response = &counting{response, &c.bytes}
	}
	c.images.ServeHTTP(response, request)
}

type counting struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *counting) Write(part []byte) (int, error) {
	written, err := c.ResponseWriter.Write(part)
	c.bytes.Add(int64(written))
	return written, err
}
