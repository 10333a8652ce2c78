// Kindnetd stands in for kind's default CNI, which no package registry serves: it asks the API server for the pod range
// of its node and writes the CNI configuration that kindnetd writes for one node (ptp, host-local, portmap).
//
// It runs from the manifest that `kind build node-image` writes, with that manifest's mounts, rights and environment:
// CONTROL_PLANE_ENDPOINT is the API server's address before kube-proxy works, HOST_IP the node's.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	account = "/var/run/secrets/kubernetes.io/serviceaccount/"
	target  = "/etc/cni/net.d/10-kindnet.conflist"
)

type nodes struct {
	Items []struct {
		Spec struct {
			PodCIDR string `json:"podCIDR"`
		} `json:"spec"`
		Status struct {
			Addresses []struct {
				Type    string `json:"type"`
				Address string `json:"address"`
			} `json:"addresses"`
		} `json:"status"`
	} `json:"items"`
}

func main() {
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	for written := false; !written; {
		podRange, err := podRange(stopped)
		if err == nil {
			err = write(podRange)
		}
		if err == nil {
			fmt.Println("wrote", target, "for", podRange)
			written = true
			continue
		}
		fmt.Fprintln(os.Stderr, err)
		select {
		case <-stopped.Done():
			return
		case <-time.After(time.Second):
		}
	}
	<-stopped.Done()
}

func podRange(ctx context.Context) (string, error) {
	token, err := os.ReadFile(account + "token")
	if err != nil {
		return "", err
	}
	authority, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		return "", err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	client := http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}},
	}
	server := "https://" + os.Getenv("CONTROL_PLANE_ENDPOINT") + "/api/v1/nodes"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", server, answer.Status)
	}
	var found nodes
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return "", err
	}
	return rangeOf(found, os.Getenv("HOST_IP"))
}

func rangeOf(found nodes, address string) (string, error) {
	for _, node := range found.Items {
		for _, one := range node.Status.Addresses {
			if one.Type == "InternalIP" && one.Address == address && node.Spec.PodCIDR != "" {
				return node.Spec.PodCIDR, nil
			}
		}
	}
	return "", fmt.Errorf("no node at %s has a pod range yet", address)
}

// write moves the finished file into place: containerd reads the folder at any time.
func write(podRange string) error {
	ipam := map[string]any{
		"type":   "host-local",
		"ranges": [][]map[string]string{{{"subnet": podRange}}},
		"routes": []map[string]string{{"dst": "0.0.0.0/0"}},
	}
	content, err := json.MarshalIndent(map[string]any{
		"cniVersion": "0.4.0",
		"name":       "kindnet",
		"plugins": []map[string]any{
			{"type": "ptp", "ipMasq": true, "ipam": ipam},
			{"type": "portmap", "capabilities": map[string]bool{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(target+".new", content, 0o644); err != nil {
		return err
	}
	return os.Rename(target+".new", target)
}
