"""What the mesh did beside what the static tier's model says of it; a difference is a failure of its own."""

from fixtures.marks import beside
from fixtures.routing.plan import Plan
from fixtures.scenario.cookies import NEAR_MISSES, OPENING
from fixtures.static.asking import page
from fixtures.static.legs import table
from fixtures.world.agreement import agree, agree_on_table, pages_are_whole, table_by_workload
from fixtures.world.cookies import versions_by_cookie
from fixtures.world.observations import seen_on_pages
from fixtures.world.tls import tls_view
from fixtures.world.world import World


@beside("R5.1")
def test_model_and_mesh_agree_on_every_cookie(world: World, plan: Plan) -> None:
    seen = world.once("cookies", lambda: versions_by_cookie(world.voter, (*OPENING, *NEAR_MISSES)))
    model = plan.after(5)
    predicted = {cookie: page(model, cookie) for cookie in seen}
    agree(seen_on_pages(seen, whole=pages_are_whole(model)), predicted, "cookies")


@beside("R5.4")
def test_model_and_mesh_agree_on_mutual_tls(world: World, plan: Plan) -> None:
    view = world.once("tls", lambda: tls_view(world))
    agree_on_table(table_by_workload(world, view), table(plan.after(5)))
