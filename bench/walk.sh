#!/usr/bin/env bash
# The scenario walked by hand on a cluster that has Istio: kubectl applies each file and waits, curl looks at some pages.
# It checks next to nothing: a few pages a stage, opened again until they look right. No lost request, no leak below
# one page in two, no mutual TLS, no refusal, no identity. It is what `tox -e bench` measures the suite against.
set -euo pipefail

if [[ $# -ne 2 || -z ${KUBECONFIG:-} || ! -d $2 ]]; then
  echo "usage: KUBECONFIG=FILE [KUBECTL=PROGRAM] $0 URL MANIFESTS_DIR" >&2
  exit 4
fi
url=$1 manifests=$2 namespace=voting

k() { "${KUBECTL:-kubectl}" --namespace "$namespace" "$@"; }
apply() { k apply --filename "$manifests/$1"; }
pods_ready() { k wait deployment --all --for condition=Available --timeout 120s; }
open_page() { curl --silent --fail --max-time 5 --noproxy '*' "$@" "$url"; }

# shows TIMES TEXT [CURL OPTION...]: open the page until so many in a row show the text.
shows() {
  local times=$1 text=$2 row=0 page
  shift 2
  for _ in {1..300}; do
    if page=$(open_page "$@") && grep --quiet --fixed-strings -- "$text" <<<"$page"; then
      row=$((row + 1))
      if [[ $row -eq $times ]]; then return; fi
    else
      row=0
      sleep 0.2
    fi
  done
  echo "$url does not show '$text' $times times in a row; the last page: ${page:-none}" >&2
  return 1
}

# nothing_answers: knock until the connection is refused (curl's exit code 7).
nothing_answers() {
  local code
  for _ in {1..300}; do
    code=0
    open_page --output /dev/null || code=$?
    if [[ $code -eq 7 ]]; then return; fi
    sleep 0.2
  done
  echo "$url still answers" >&2
  return 1
}

tenths() { echo $((${EPOCHREALTIME/[.,]/} / 100000)); }
began=$(tenths)
last=$began
took() {
  local now
  now=$(tenths)
  printf '== %s: %d.%d s\n' "$1" $(((now - $2) / 10)) $(((now - $2) % 10))
  last=$now
}

k create namespace "$namespace"
trap 'k delete namespace "$namespace" --ignore-not-found' EXIT
k label namespace "$namespace" istio-injection=enabled
apply kubernetes/step-1-create-voting-app.yaml
pods_ready
apply istio/step-1-create-voting-app-gateway.yaml
shows 5 'Cats: 0 | Dogs: 0'
shows 5 'store: redis'
took 'stage 1 deploy' "$last"

apply kubernetes/step-2-update-voting-analytics-to-1.1.yaml
pods_ready
shows 1 'Cats: 0/0 (0%) | Dogs: 0/0 (0%)'
shows 1 'Cats: 0 | Dogs: 0'
took 'stage 2 update' "$last"

apply istio/step-2-update-and-add-routing-for-all-components.yaml
shows 5 'Cats: 0/0 (0%) | Dogs: 0/0 (0%)'
took 'stage 3 lock' "$last"

apply istio/step-3-add-routing-for-2.0-components.yaml
apply kubernetes/step-3-update-voting-app-with-new-storage.yaml
pods_ready
shows 5 'store: redis'
shows 5 'store: mysql' --cookie featureflag=on
took 'stage 4 canary' "$last"

apply istio/step-4-route-everyone-to-2.0.yaml
shows 5 'store: mysql'
apply istio/step-5-drop-old-subsets.yaml
shows 5 'store: mysql'
k delete deployment voting-app-1-0 voting-analytics-1-0 voting-analytics-1-1 voting-storage-1-0
k wait pod --selector 'version in (1.0, 1.1)' --for delete --timeout 60s
shows 5 'store: mysql'
took 'stage 5 finalize' "$last"

volume=$(k get persistentvolumeclaim mysql-pv-claim --output 'jsonpath={.spec.volumeName}')
k delete namespace "$namespace" --timeout 90s
trap - EXIT
k wait persistentvolume "$volume" --for delete --timeout 60s
nothing_answers
took 'stage 6 clean up' "$last"
took 'the walk' "$began"
