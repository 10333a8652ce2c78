// Package web has what both programs need of HTTP: routes, answers, and a server that ends well.
package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Routes are the views by path and method. HEAD is answered where GET is, OPTIONS everywhere.
type Routes map[string]map[string]http.HandlerFunc

// ServeHTTP lets the view answer, or says why there is none.
func (r Routes) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	// A client or proxy that joins paths may put a second slash in front.
	views, known := r["/"+strings.TrimLeft(request.URL.Path, "/")]
	if !known {
		Refuse(w, http.StatusNotFound, "The requested URL was not found on the server. "+
			"If you entered the URL manually please check your spelling and try again.")
		return
	}
	method := request.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if view, answers := views[method]; answers {
		view(w, request)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed(views), ", "))
	if method == http.MethodOptions {
		Answer(w, http.StatusOK, HTML, nil)
		return
	}
	Refuse(w, http.StatusMethodNotAllowed, "The method is not allowed for the requested URL.")
}

func allowed(views map[string]http.HandlerFunc) []string {
	methods := append(slices.Collect(maps.Keys(views)), http.MethodOptions)
	if _, reads := views[http.MethodGet]; reads {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	return methods
}
