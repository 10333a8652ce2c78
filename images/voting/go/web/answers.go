package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strconv"
)

// The media types of our answers.
const (
	HTML     = "text/html; charset=utf-8"
	Text     = "text/plain; charset=utf-8"
	jsonType = "application/json"
)

// Answer sends a whole answer. An error of the connection is not ours to tell: nobody is left to read it.
func Answer(w http.ResponseWriter, status int, mediaType string, body []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// AnswerJSON sends a value, which must be one that JSON can tell.
func AnswerJSON(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	Answer(w, status, jsonType, body.Bytes())
}

// Redirect sends a browser elsewhere, by GET.
func Redirect(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	link := html.EscapeString(path)
	Answer(w, http.StatusFound, HTML, fmt.Appendf(nil, "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n"+
		"<h1>Redirecting...</h1>\n<p>You should be redirected automatically to the target URL: "+
		"<a href=\"%s\">%s</a>. If not, click the link.\n", link, link))
}

// Refuse says why a request can't be answered.
func Refuse(w http.ResponseWriter, status int, why string) {
	name := http.StatusText(status)
	Answer(w, status, HTML, fmt.Appendf(nil, "<!doctype html>\n<html lang=en>\n<title>%d %s</title>\n<h1>%s</h1>\n<p>%s</p>\n",
		status, name, name, html.EscapeString(why)))
}

// Alive says that this process answers, and nothing about the services behind it.
func Alive(w http.ResponseWriter, _ *http.Request) {
	Answer(w, http.StatusOK, Text, []byte("alive\n"))
}
