package page

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"votingconformance/voting/peers"
	"votingconformance/voting/settings"
)

// keptConnections to voting-analytics: as many as pages may be asked for side by side without a new connection.
const keptConnections = 32

// longestAnswer of voting-analytics, in bytes, many times what its sentence needs.
const longestAnswer = 64 * 1024

// answerLimit is more than voting-analytics waits for a store that is being replaced.
const answerLimit = peers.Patience + peers.AnswerLimit

// Results asks voting-analytics for the sentence with the results, for every page.
type Results struct {
	url       string
	transport *http.Transport
}

// NewResults returns a client that keeps its connections until the other end closes them.
func NewResults(address settings.Address) *Results {
	return &Results{
		url: "http://" + address.String() + "/analytics",
		transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: peers.ConnectLimit}).DialContext,
			ResponseHeaderTimeout: answerLimit,
			MaxIdleConnsPerHost:   keptConnections,
			DisableCompression:    true,
		},
	}
}

// Text is the sentence as voting-analytics words it, never empty.
func (r *Results) Text() (string, error) {
	var status int
	var body []byte
	ask := func() (err error) {
		status, body, err = r.ask()
		return err
	}
	// The transport itself goes on to a new connection once those that it kept are found closed.
	err := peers.Reading(ask, ask)
	if err != nil {
		return "", fmt.Errorf("voting-analytics does not answer: %w", err)
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("voting-analytics answers %d", status)
	}
	return sentence(body)
}

func (r *Results) ask() (status int, body []byte, err error) {
	limited, cancel := context.WithTimeout(context.Background(), peers.ConnectLimit+answerLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, r.url, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := r.transport.RoundTrip(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	return response.StatusCode, body, err
}

func sentence(body []byte) (string, error) {
	var answer any
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", fmt.Errorf("voting-analytics does not answer in JSON: %w", err)
	}
	fields, _ := answer.(map[string]any)
	text, _ := fields["text"].(string)
	if text = strings.TrimSpace(text); text == "" {
		return "", fmt.Errorf("voting-analytics answers without a text")
	}
	return text, nil
}
