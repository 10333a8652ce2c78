"""What changes for whom between our manifests and a change of them, by two models side by side."""

from canary_conformance.differences.terminal_text import terminal_text
from canary_conformance.differences.values import Change, Standing
from canary_conformance.scenario.places import Place
from canary_conformance.voting.feature_flag import OPENS
from tests.selftest.changed_manifests import changed, changed_together, content, with_object
from tests.selftest.compared_manifests import broken, difference, lines, moved, nothing_changes
from tests.selftest.manifest_files import EVERYONE, FIRST, GATEWAY, LOCK, ROUTING

REGEX = f"regex: '{OPENS}'"
_TEXT = content(ROUTING)
_CANARY, _EVERYONE = _TEXT.index("    # The canary:"), _TEXT.index("    # Everyone else.")
CANARY, TO_1_0 = _TEXT[_CANARY:_EVERYONE], _TEXT[_EVERYONE : _TEXT.index("---\n", _EVERYONE)]
LINE = f"{ROUTING}:34"


def test_a_widened_pattern_moves_the_requests_that_it_also_matches() -> None:
    found = difference(changed(ROUTING, REGEX, "regex: '^(.*?; ?)?(featureflag=on)(.*)$'"))
    (one,) = found.requests
    assert one.stages == (4,)
    assert moved(found) == [("GET / with cookie: featureflag=ona", "voting-app 1.0", "voting-app 2.0")]
    assert lines(one) == ([LINE], [LINE])
    assert broken(found) == {"R4.5"}
    assert not found.incomplete


def test_a_narrowed_pattern_moves_them_back() -> None:
    wide = changed(ROUTING, REGEX, "regex: '^(.*?; ?)?(featureflag=on)(.*)$'")
    found = difference({}, before=wide)
    assert moved(found) == [("GET / with cookie: featureflag=ona", "voting-app 2.0", "voting-app 1.0")]
    (healed,) = found.requirements
    assert (healed.id, healed.before, healed.after) == ("R4.5", Standing.FAILED, Standing.HOLDS)
    assert healed.heals
    assert healed.causes[0].place == Place(ROUTING, 34)


def test_a_pattern_written_otherwise_changes_no_request() -> None:
    found = difference(changed(ROUTING, REGEX, "regex: '(.*;)? ?featureflag=on(;.*)?'"))
    assert nothing_changes(found)
    assert not found.identical
    assert found.objects[0].fields[0].path == "spec.http[0].match[0].headers.cookie.regex"


def test_comments_blank_lines_and_the_order_of_keys_change_nothing() -> None:
    text = content(ROUTING).replace(
        '  name: voting-app\nspec:\n  hosts:\n    - "*"\n  gateways:\n    - voting-app-gateway\n',
        "  name: voting-app\nspec:\n\n  gateways: [voting-app-gateway]  # first\n  hosts:\n    - '*'\n",
    )
    assert text != content(ROUTING)
    found = difference({ROUTING: text.encode()})
    assert found.identical
    assert nothing_changes(found)
    assert not found.objects


def split(old: int) -> dict[str, bytes]:
    """Return the routing that leads so many percent of those without the flag to 1.0, the others to 2.0."""
    new = TO_1_0[TO_1_0.index("        - destination:") :].replace("v1-0", "v2-0")
    return changed(ROUTING, TO_1_0, f"{TO_1_0}          weight: {old}\n{new}          weight: {100 - old}\n")


def test_a_share_of_the_requests_is_led_to_the_other_version() -> None:
    found = difference(split(90))
    assert moved(found) == [("GET /", "voting-app 1.0", "90 % voting-app 1.0, 10 % voting-app 2.0")]
    assert {"R4.3", "R4.5"} <= broken(found)


def test_a_changed_weight_changes_the_shares() -> None:
    found = difference(split(75), before=split(90))
    assert moved(found) == [
        ("GET /", "90 % voting-app 1.0, 10 % voting-app 2.0", "75 % voting-app 1.0, 25 % voting-app 2.0")
    ]
    assert not broken(found)


def test_rules_in_another_order_lead_the_flag_elsewhere() -> None:
    swapped = content(ROUTING).replace(CANARY + TO_1_0, TO_1_0 + CANARY)
    found = difference({ROUTING: swapped.encode()})
    assert moved(found) == [("GET / with cookie: featureflag=on", "voting-app 2.0", "voting-app 1.0")]
    assert [field.after is None for field in found.objects[0].fields] == [False, True]


def test_a_host_takes_its_requests_from_the_others() -> None:
    found = difference(changed(ROUTING, '    - "*"\n', '    - "m.example.com"\n'))
    assert moved(found) == [
        ("GET / with cookie: featureflag=on", "voting-app 2.0", "404"),
        ("GET /", "voting-app 1.0", "404"),
    ]


def test_a_label_that_no_pod_carries_leaves_the_subset_empty() -> None:
    found = difference(
        changed(
            ROUTING,
            'name: v2-0\n      labels:\n        version: "2.0"',
            'name: v2-0\n      labels:\n        version: "2.1"',
        )
    )
    (one,) = found.requests
    assert (str(one.request), one.before, one.after) == (
        "GET / with cookie: featureflag=on",
        "voting-app 2.0",
        "503",
    )
    assert lines(one) == ([f"{ROUTING}:18"], [f"{ROUTING}:18"])


def test_a_loosened_mode_lets_plaintext_in() -> None:
    found = difference(changed(LOCK, "mode: STRICT", "mode: PERMISSIVE"))
    assert not found.requests
    assert {"R3.4", "R3.5"} <= broken(found)
    (legs,) = found.legs
    assert legs.after == "the server accepts mutual TLS and plaintext"
    assert legs.stages == (3, 4, 5)
    assert {one.before for one in found.calls} == {"reset"}
    assert {one.clients for one in found.calls} == {("outside",)}
    assert {one.lines.after for one in found.calls} == {legs.lines.after} == {(Place(LOCK, 55),)}


def test_a_policy_that_is_added_forbids_requests() -> None:
    policy = """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata:
          name: no-votes
        spec:
          selector:
            matchLabels:
              app: voting-app
          action: DENY
          rules:
            - to:
                - operation:
                    methods: ["POST"]
        """
    found = difference(with_object(policy, "AuthorizationPolicy/no-votes", file=GATEWAY))
    assert moved(found)[0] == ("POST /", "voting-app 1.0", "403")
    assert all(str(one.request).startswith("POST") for one in found.requests)
    assert any(
        one.name == "AuthorizationPolicy/no-votes" and one.change is Change.ADDED for one in found.objects
    )


def test_a_rule_that_is_renamed_changes_no_request() -> None:
    name = "  name: voting-storage\nspec:\n  host: voting-storage"
    renamed = [
        changed(file, name, name.replace("name: voting-storage", "name: stores"))
        for file in (LOCK, ROUTING, "istio/step-5-drop-old-subsets.yaml")
    ]
    found = difference(changed_together(*renamed))
    assert not found.requests
    assert not found.calls
    assert [(one.name, one.renamed_to) for one in found.objects] == [
        ("DestinationRule/voting-storage", "DestinationRule/stores")
    ]
    assert broken(found) == {"R0.1", "R5.2"}


def test_a_field_that_is_not_followed_leaves_requests_undecided() -> None:
    rule = "  host: voting-app\n  trafficPolicy:\n"
    found = difference(
        changed(ROUTING, rule, f"{rule}    connectionPool:\n      tcp:\n        idleTimeout: 1s\n")
    )
    assert [str(one.lines.after[0]) for one in found.not_understood] == [f"{ROUTING}:12"]
    assert not found.decided
    assert found.incomplete


def test_an_object_of_a_kind_that_is_not_followed_is_not_judged() -> None:
    filter_ = """
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata:
          name: anything
        spec:
          configPatches: []
        """
    found = difference(with_object(filter_, "EnvoyFilter/anything", file=GATEWAY))
    assert any("EnvoyFilter" in one.sentence for one in found.not_understood)
    assert found.incomplete
    assert not found.decided


def test_a_label_that_nothing_reads_changes_nothing() -> None:
    service = "kind: Service\nmetadata:\n  name: voting-app\n  labels:\n"
    found = difference(changed(FIRST, service, f"{service}    team: a\n"))
    assert nothing_changes(found)
    assert [one.fields[0].path for one in found.objects] == ["metadata.labels.team"]


def test_files_of_a_stage_that_head_lacks_leave_it_unjudged() -> None:
    scenario = content("scenario.yaml")
    begin, end = scenario.index("  - number: 5"), scenario.index("  - number: 6")
    found = difference({"scenario.yaml": (scenario[:begin] + scenario[end:]).encode()})
    assert found.only_before == (5,)
    assert {one.id for one in found.requirements if one.lost} == {"R5.1", "R5.2", "R5.3", "R5.4"}
    assert found.incomplete
    assert not broken(found)


def test_a_setting_of_a_route_is_no_other_version() -> None:
    found = difference(changed(EVERYONE, "    - route:\n", "    - timeout: 15s\n      route:\n"))
    (one,) = found.requests
    assert one.same_version
    assert one.after == "voting-app 2.0, by a route with other settings: timeout"
    assert not broken(found)


def test_objects_in_another_order_fail_pages_while_they_are_applied() -> None:
    documents = content(LOCK).split("---\n")
    route = next(one for one in documents if "kind: VirtualService\nmetadata:\n  name: voting-app\n" in one)
    first = [route, *(one for one in documents if one is not route)]
    found = difference({LOCK: "---\n".join(first).encode()})
    assert not found.requests
    assert [(one.stage, one.fails) for one in found.pages] == [(3, True)]
    assert "R3.7" in broken(found)


def test_a_password_is_not_shown() -> None:
    file = "kubernetes/step-3-update-voting-app-with-new-storage.yaml"
    text = content(file)
    at = text.index("MYSQL_PASSWORD:")
    line = text[at : text.index("\n", at)]
    found = difference(changed(file, line, "MYSQL_PASSWORD: hunter2-and-more"))
    assert "hunter2" not in repr(found)
    assert any(one.name == "Secret/voting-storage-secret" for one in found.objects)


def test_what_both_sides_have_and_nobody_follows_leaves_a_change_undecided() -> None:
    filter_ = """
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata:
          name: anything
        spec:
          configPatches: []
        """
    both = with_object(filter_, "EnvoyFilter/anything", file=GATEWAY)
    assert difference(both, before=both).identical
    found = difference(changed(ROUTING, "(;.*)?$", "(.*)$", on=both), before=both)
    assert not found.requests
    assert not found.decided
    assert "EnvoyFilter/anything" in found.not_understood[0].sentence


def test_another_namespace_is_no_new_object() -> None:
    text = content("scenario.yaml")
    moved_away = text.replace("name: voting\n", "name: votes\n").replace(
        "Namespace/voting", "Namespace/votes"
    )
    found = difference({"scenario.yaml": moved_away.encode()})
    assert not found.objects
    assert not found.pages
    assert [one.sentence for one in found.not_understood] == [
        "BASE is applied to namespace voting, HEAD to votes"
    ]


def test_a_terminal_obeys_no_value_of_a_manifest() -> None:
    name = "  name: voting-app\n"
    value = f'{name}  annotations:\n    a: "\\e[31mred\\u202e"\n'
    shown = terminal_text(difference(changed(ROUTING, name, value)))
    assert "metadata.annotations" in shown
    assert all(char.isprintable() or char == "\n" for char in shown)
