"""What the mesh did beside what the static tier's model says of it; a difference is a failure of its own."""

from fixtures.marks import beside
from fixtures.routing.plan import Plan
from fixtures.scenario.chains import REDIS
from fixtures.static.asking import call
from fixtures.static.legs import plain_calls, table
from fixtures.world.agreement import agree, agree_on_table, table_by_workload
from fixtures.world.observations import seen_once
from fixtures.world.reach import reach
from fixtures.world.tls import tls_view
from fixtures.world.world import World

ANALYTICS_PODS = ("voting-analytics 1.0", "voting-analytics 1.1")


@beside("R3.3")
def test_model_and_mesh_agree_on_who_may_send(world: World, plan: Plan) -> None:
    replies = world.once("analytics to Redis", lambda: reach(world, ANALYTICS_PODS, [REDIS]))
    predicted = {cell: call(plan.after(3), cell[0], REDIS) for cell in replies}
    agree(seen_once(replies), predicted, "connections")


@beside("R3.5")
def test_model_and_mesh_agree_on_plaintext(world: World, plan: Plan) -> None:
    """At the pods that by the model are ready; of others it says nothing."""
    model = plan.after(3)
    names = {workload.address: str(workload) for workload in world.workloads()}
    seen = {
        f"{names[call.host]}:{call.port}": reply
        for call, reply in world.plaintext().items()
        if names[call.host] in model.counted_pods()
    }
    agree(seen_once(seen), plain_calls(model), "plaintext calls")


@beside("R3.4")
def test_model_and_mesh_agree_on_mutual_tls(world: World, plan: Plan) -> None:
    view = world.once("tls", lambda: tls_view(world))
    agree_on_table(table_by_workload(world, view), table(plan.after(3)))
