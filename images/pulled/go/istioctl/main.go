// Istioctl is Istio's, but an installation leaves out what a proxy on upstream Envoy does not have: metadata exchange,
// the ALPN filter and telemetry's stats filter. It is what the stand-in for docker.io/istio/istioctl holds, so that the
// suite itself installs just as it does from released images.
package main

import (
	"fmt"
	"os"
	"slices"

	_ "k8s.io/client-go/plugin/pkg/client/auth"

	"istio.io/istio/istioctl/cmd"
	"istio.io/istio/pkg/log"
)

var leftOut = []string{
	"--set=values.telemetry.enabled=false",
	"--set=values.pilot.env.PILOT_ENABLE_METADATA_EXCHANGE=false",
	"--set=values.pilot.env.PILOT_ENABLE_ALPN_FILTER=false",
}

func main() {
	words := os.Args[1:]
	if len(words) > 0 && slices.Contains([]string{"install", "upgrade", "manifest"}, words[0]) {
		words = append(words, leftOut...)
	}
	if err := cmd.ConfigAndEnvProcessing(); err != nil {
		fmt.Fprintf(os.Stderr, "Could not initialize: %v\n", err)
		os.Exit(cmd.GetExitCode(err))
	}
	root := cmd.GetRootCmd(words)
	log.EnableKlogWithCobra()
	if err := root.Execute(); err != nil {
		os.Exit(cmd.GetExitCode(err))
	}
}
