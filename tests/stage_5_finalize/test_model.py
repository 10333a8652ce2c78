"""What the mesh did beside what the static tier's model says of it; a difference is a failure of its own."""

from fixtures.marks import beside
from fixtures.routing.plan import Plan
from fixtures.scenario.cookies import NEAR_MISSES, OPENING
from fixtures.static.asking import page
from fixtures.static.legs import table
from fixtures.world.agreement import agree, agree_on_table, table_by_workload
from fixtures.world.cookies import versions_by_cookie
from fixtures.world.tls import tls_view
from fixtures.world.world import World


@beside("R5.1")
def test_model_and_mesh_agree_on_every_cookie(world: World, plan: Plan) -> None:
    seen = world.once("cookies", lambda: versions_by_cookie(world.voter, (*OPENING, *NEAR_MISSES)))
    predicted = {cookie: page(plan.after(5), cookie) for cookie in seen}
    agree({cookie: f"voting-app {version}" for cookie, version in seen.items()}, predicted)


@beside("R5.4")
def test_model_and_mesh_agree_on_mutual_tls(world: World, plan: Plan) -> None:
    view = world.once("tls", lambda: tls_view(world))
    agree_on_table(table_by_workload(world, view), table(plan.after(5)))
