"""Creating, getting and deleting sandboxes, and who may see them."""

from datetime import datetime

import sdk

POLICY = {"allow_domains": ["*.example.com"], "allow_cidrs": ["10.0.0.0/8"]}


def tell(step, client, raw):
    with step("a sandbox with the defaults is running") as check:
        plain = client.create()
        check.true(f"the id is {plain.id!r}", plain.id.startswith("sbx-"))
        check.equal("state", sdk.state(plain), "running")
        check.includes("sandbox", client.view(plain), vcpu=1, memory=1024, disk=10240)
        check.equal("auto_pause", plain.auto_pause, False)
        check.equal("network policy", plain.network_policy, {"mode": "allow-all"})
        check.true("the template has no id", plain.template_id)
        check.true("created_at has no zone", datetime.fromisoformat(plain.created_at).tzinfo)
        if sdk.has("timeout in replies"):
            check.equal("timeout", plain.timeout, 300)
        check.includes("raw answer", raw.sandbox(plain), timeout=300, timeout_min=5)

    with step("get answers what create answered") as check:
        found = client.get(plain)
        check.equal("sandbox", client.view(found), client.view(plain))
        check.equal("state", sdk.state(found), "running")
        check.equal("auto_pause", found.auto_pause, False)

    with step("a sandbox gets the size, timeout, environment and policy it asked for") as check:
        large = client.create(
            template_name="system/debian:bookworm",
            vcpu=2,
            memory=2048,
            timeout=1800,
            auto_pause=True,
            env_vars={"TIER": "gold"},
            network_policy=sdk.custom_policy(**POLICY),
        )
        check.true("two sandboxes share an id", large.id != plain.id)
        check.includes("sandbox", client.view(large), vcpu=2, memory=2048, disk=10240)
        check.equal("auto_pause", large.auto_pause, True)
        check.includes("network policy", large.network_policy, mode="custom", **POLICY)
        if sdk.has("timeout in replies"):
            check.equal("timeout", large.timeout, 1800)
        result = client.execute(large, 'printf %s "$TIER"')
        check.equal("$TIER", sdk.stdout(result), "gold")

    with step("the answer spells every number in the old and the new way") as check:
        check.includes("size", raw.sandbox(large), memory=2048, memory_mib=2048)
        check.includes("size", raw.sandbox(large), disk=10240, disk_mib=10240)
        check.includes("timeout", raw.sandbox(large), timeout=1800, timeout_min=30)

    with step("the key may come bare and in leap0-authorization") as check:
        other_way = type(client)(auth_header="leap0-authorization", bearer=False)
        check.equal("id", other_way.get(large).id, large.id)
        other_way.close()

    with step("without a key nothing is served, and another key sees another world") as check:
        path = f"/v1/sandbox/{large.id}"
        check.equal("status with the key", raw.status("GET", path), 200)
        no_key = {"authorization": ""}
        check.equal("status without a key", raw.status("GET", path, headers=no_key), 401)
        stranger = type(client)(api_key="somebody-else")
        check.refused(404, stranger.get, large)
        stranger.close()

    with step("a deleted sandbox is gone") as check:
        client.delete(plain)
        check.refused(404, client.get, plain)
        check.refused(404, client.delete, plain)
        check.equal("the other one", sdk.state(client.get(large)), "running")
        client.delete(large)
        check.refused(404, client.get, large)
