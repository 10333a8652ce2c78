import pytest

from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.observations import with_cookie
from canary_conformance.verdicts import expect, same
from canary_conformance.voting.chains import ANALYTICS, WHO_MAY_REACH_WHOM
from canary_conformance.voting.contract import CHAINS
from canary_conformance.voting.feature_flag import FLAG, NEAR_MISSES, OPENING, OTHER_HEADERS
from canary_conformance.voting.static.app_settings import other_accounts, strange_words, without_flag_buttons
from canary_conformance.voting.static.apply_order import once_routed, pods_before_routing
from canary_conformance.voting.static.decided_judges import all_calls_reach, all_reach, by_the_cookie
from canary_conformance.voting.static.decided_requests import (
    EVERYONE,
    WITH_FLAG,
    WITHOUT_FLAG,
    calls_decided,
    pages_decided,
)
from canary_conformance.voting.static.manifest_causes import of_workloads
from canary_conformance.voting.static.model_questions import REFUSED, call, page
from canary_conformance.voting.static.other_services import strays_by_other_names
from canary_conformance.voting.static.stage_moments import pages_during, uninterrupted
from canary_conformance.voting.static.static_chains import chain_of, page_seen
from canary_conformance.voting.static.static_judges import (
    answered_by,
    because,
    keys_are_there,
    nothing_found,
    pods_ready,
    proxied,
    votes_on_a_claim,
    whole_pages,
)
from canary_conformance.voting.static.static_objects import (
    has_ready_pods,
    keys_of,
    ports_of,
    sidecars,
)
from canary_conformance.voting.static.static_pods import (
    collected,
    overlaid_data,
    read_only_claims,
    ready_pods,
    why_not_ready,
)
from canary_conformance.voting.static.static_requests import (
    BALLOTS,
    BROWSER,
    PRESSED,
    VOTE,
    Asked,
    answer,
    lost_cookies,
)

requirement = pytest.mark.requirement

STORE = "voting-storage 2.0"
VERSION_2_0 = {"voting-app 2.0": 3, "voting-analytics 2.0": 1, "voting-storage 2.0": 1}
FLAG_PATHS = ("/featureflag/set", "/featureflag/clear")


@requirement("R4.1")
def test_ordinary_voters_have_whole_pages_of_1_0_at_every_moment_of_the_roll_out(plan: Plan) -> None:
    expect(pages_during(plan, 4, [""], served_by="voting-app 1.0"), uninterrupted())


@requirement("R4.1")
def test_routing_comes_first_and_pods_second(plan: Plan) -> None:
    expect(pods_before_routing(plan, 4), nothing_found("pods before their routing"))


@requirement("R4.1")
def test_flagged_voters_see_no_1_0_once_the_routes_have_propagated(plan: Plan) -> None:
    """They see an error until the first pod of 2.0 is ready, which the source's order implies."""
    last = plan.during(4)[-1]
    routed = once_routed(plan, 4)
    seen = {moment: page(moment.model, FLAG) for moment in (*routed, last)}
    ready = {moment for moment in routed if has_ready_pods(moment.model, "voting-app 2.0")}
    expected = {moment: "voting-app 2.0" if moment in {*ready, last} else REFUSED for moment in seen}
    expect(seen, answered_by(expected, "pages", plan.after(4), sent=lambda _: with_cookie(FLAG)))


@requirement("R4.2")
def test_three_apps_one_analytics_and_one_storage_of_2_0_get_ready(plan: Plan) -> None:
    expect(why_not_ready(plan.after(4), VERSION_2_0), nothing_found("reasons why pods are not ready"))
    pods = {name: count for name, count in ready_pods(plan.after(4)).items() if name.endswith(" 2.0")}
    expect(pods, pods_ready(VERSION_2_0, "pods ready", plan.after(4)))
    with_proxy = {name: injected for name, injected in sidecars(plan.after(4)).items() if name in VERSION_2_0}
    expect(with_proxy, proxied(VERSION_2_0, plan.after(4)))


@requirement("R4.2")
def test_storage_service_has_the_ports_of_both_stores(plan: Plan) -> None:
    model = plan.after(4)
    right = same([3306, 6379], "ports with ready pods")
    stores = ("voting-storage 1.0", "voting-storage 2.0")
    expect(ports_of(model, "voting-storage"), because(right, lambda: of_workloads(model, stores)))


@requirement("R4.2")
def test_secret_is_there_and_the_claim_is_mounted(plan: Plan) -> None:
    expect(collected(plan.after(4)), nothing_found("objects that are collected as garbage"))
    keys = ["MYSQL_DATABASE", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD", "MYSQL_USER"]
    found = [key for key in keys_of(plan.after(4), "voting-storage-secret") if key in keys]
    expect(found, keys_are_there("voting-storage-secret", keys, plan.after(4)))
    expect(read_only_claims(plan.after(4), STORE), nothing_found("claims that are read-only"))
    expect(overlaid_data(plan.after(4), STORE), nothing_found("volumes below MySQL's data"))
    expect(plan.after(4), votes_on_a_claim)


@requirement("R4.2")
def test_app_and_analytics_have_the_account_that_mysql_is_set_up_with(plan: Plan) -> None:
    model = plan.after(4)
    right = nothing_found("settings that MySQL refuses")
    found = other_accounts(model)
    expect(found, because(right, lambda: (*of_workloads(model, VERSION_2_0), *found)))


@requirement("R4.2")
def test_app_and_analytics_of_2_0_reach_their_store(plan: Plan) -> None:
    """Without it no page of 2.0 is whole, and the stage does not get ready."""
    chain = chain_of(plan.after(4), "voting-app 2.0", "voting-analytics 2.0")
    seen = {leg: answer for leg, answer in chain.items() if leg.endswith("store")}
    expect(seen, answered_by("voting-storage 2.0", "connections", plan.after(4)))


@requirement("R4.3")
def test_voter_without_the_flag_never_sees_2_0(plan: Plan) -> None:
    expect(
        {"no cookie": page(plan.after(4))},
        answered_by({"no cookie": "voting-app 1.0"}, "pages", plan.after(4)),
    )


@requirement("R4.3")
def test_no_method_path_or_header_opens_2_0_without_the_flag(plan: Plan) -> None:
    seen = pages_decided(plan.after(4), WITHOUT_FLAG)
    expect(seen, all_reach(by_the_cookie, WITHOUT_FLAG, plan.after(4)))


@requirement("R4.4")
def test_no_method_path_or_header_leads_back_to_1_0_with_the_flag(plan: Plan) -> None:
    seen = pages_decided(plan.after(4), WITH_FLAG)
    expect(seen, all_reach(by_the_cookie, WITH_FLAG, plan.after(4)))


@requirement("R4.4")
def test_voter_with_the_flag_always_sees_2_0(plan: Plan) -> None:
    expect({FLAG: page(plan.after(4), FLAG)}, answered_by({FLAG: "voting-app 2.0"}, "pages", plan.after(4)))
    expect({FLAG: page_seen(plan.after(4), FLAG)}, whole_pages("pages", plan.after(4)))
    expect(strange_words(plan.after(4), "2.0"), nothing_found("unexpected wording on the page"))


@requirement("R4.5")
def test_the_flag_opens_2_0_wherever_it_stands(plan: Plan) -> None:
    seen = {cookie: page(plan.after(4), cookie) for cookie in OPENING}
    expect(seen, answered_by("voting-app 2.0", "cookies", plan.after(4), sent=with_cookie))


@requirement("R4.5")
def test_near_misses_stay_on_1_0(plan: Plan) -> None:
    seen = {cookie: page(plan.after(4), cookie) for cookie in NEAR_MISSES}
    expect(seen, answered_by("voting-app 1.0", "cookies", plan.after(4), sent=with_cookie))


@requirement("R4.5")
def test_the_flag_in_another_header_opens_nothing(plan: Plan) -> None:
    seen = {header: page(plan.after(4), headers={header: FLAG}) for header in OTHER_HEADERS}
    expect(seen, answered_by("voting-app 1.0", "headers", plan.after(4)))


@requirement("R4.5")
def test_exactly_the_required_cookies_open_2_0_and_nothing_else_decides(plan: Plan) -> None:
    expect(pages_decided(plan.after(4), EVERYONE), all_reach(by_the_cookie, EVERYONE, plan.after(4)))


@requirement("R4.6")
def test_setting_and_clearing_the_flag_are_answered_by_the_version_that_is_shown(plan: Plan) -> None:
    """As a browser sends them."""
    model = plan.after(4)
    versions = {"": "voting-app 1.0", FLAG: "voting-app 2.0"}
    pressed = {
        f"POST {path} {cookie}".strip(): (Asked("POST", path, BROWSER), cookie)
        for path in FLAG_PATHS
        for cookie in versions
    }
    seen = {name: answer(model, asked, cookie) for name, (asked, cookie) in pressed.items()}
    expected = {name: versions[cookie] for name, (_, cookie) in pressed.items()}
    sent = {name: asked.sent(cookie or None) for name, (asked, cookie) in pressed.items()}
    expect(seen, answered_by(expected, "requests", model, sent=sent.get))


@requirement("R4.6")
def test_pages_of_both_versions_have_the_buttons(plan: Plan) -> None:
    expect(
        without_flag_buttons(plan.after(4)),
        nothing_found("settings that remove the flag's buttons", (with_cookie(""), with_cookie(FLAG))),
    )


@requirement("R4.6")
def test_the_cookie_of_set_and_clear_reaches_the_browser(plan: Plan) -> None:
    expect(lost_cookies(plan.after(4)), nothing_found("lost cookies of set and clear", PRESSED))


@requirement("R4.7")
def test_a_vote_is_counted_by_the_version_that_the_flag_chooses(plan: Plan) -> None:
    versions = {"": "voting-app 1.0", FLAG: "voting-app 2.0"}
    seen = {f"vote with {cookie or 'no cookie'}": answer(plan.after(4), VOTE, cookie) for cookie in versions}
    expected = dict(zip(seen, versions.values(), strict=True))
    sent = dict(zip(seen, BALLOTS.values(), strict=True))
    expect(seen, answered_by(expected, "votes", plan.after(4), sent=sent.get))


@requirement("R4.7")
def test_each_version_counts_in_a_store_of_its_own(plan: Plan) -> None:
    model = plan.after(4)
    old = chain_of(model, "voting-app 1.0", "voting-analytics 1.1")
    new = chain_of(model, "voting-app 2.0", "voting-analytics 2.0")
    expect(
        {leg: answer for leg, answer in (old | new).items() if leg.endswith("store")},
        answered_by(
            {
                "voting-app 1.0 -> store": "voting-storage 1.0",
                "voting-analytics 1.1 -> store": "voting-storage 1.0",
                "voting-app 2.0 -> store": "voting-storage 2.0",
                "voting-analytics 2.0 -> store": "voting-storage 2.0",
            },
            "connections",
            model,
            sent=lambda leg: BALLOTS[FLAG if "2.0 ->" in leg else ""],
        ),
    )


@requirement("R4.8")
def test_each_source_reaches_its_own_chain_and_no_other(plan: Plan) -> None:
    model = plan.after(4)
    seen = {
        (source, f"{service}:{port}"): call(model, source, (service, port))
        for source, (service, port) in WHO_MAY_REACH_WHOM
    }
    expected = {
        (source, f"{service}:{port}"): answered
        for (source, (service, port)), answered in WHO_MAY_REACH_WHOM.items()
    }
    expect(seen, answered_by(expected, "connections", plan.after(4)))


@requirement("R4.8")
def test_no_header_of_a_call_to_analytics_leads_to_the_other_chain(plan: Plan) -> None:
    model = plan.after(4)
    expected = {chain.page: chain.counter for chain in CHAINS.values()}
    seen = {source: calls_decided(model, source, ANALYTICS) for source in expected}
    expect(seen, all_calls_reach(expected, model))


@requirement("R4.8")
def test_no_other_service_leads_from_one_chain_to_the_other(plan: Plan) -> None:
    sources = dict.fromkeys(source for source, _ in WHO_MAY_REACH_WHOM)
    expect(strays_by_other_names(plan.after(4), sources), nothing_found("other ways between the chains"))
