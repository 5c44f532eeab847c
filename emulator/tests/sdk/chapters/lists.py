"""The two lists, in the releases that have them."""

import sdk


def tell(step, client, raw):
    if not sdk.has("lists"):
        return
    sandboxes, snapshots = client.client.sandboxes, client.client.snapshots

    with step("the sandbox list has every sandbox, with its state") as check:
        running, paused = client.create(), client.create()
        client.pause(paused)
        listed = client.call(sandboxes.list)
        check.equal("total", listed.total_items, 2)
        states = {item.id: sdk.state(item) for item in listed.items}
        check.equal("states", states, {running.id: "running", paused.id: "paused"})
        templates = {item.template_id for item in listed.items}
        check.equal("templates", templates, {running.template_id})

    with step("the sandbox list filters by state") as check:
        for state, wanted in (("running", [running.id]), ("paused", [paused.id]), ("starting", [])):
            listed = client.call(sandboxes.list, state=state)
            check.equal(state, [item.id for item in listed.items], wanted)
            check.equal(f"total of {state}", listed.total_items, len(wanted))

    with step("the sandbox list comes in pages, in either order") as check:
        _pages(check, client, sandboxes.list, {running.id, paused.id})

    with step("the snapshot list has every snapshot, as it was answered") as check:
        names = ("workspace-warm", "workspace-cold", "Release 1.0")
        made = {name: client.snapshot(running, name=name) for name in names}
        listed = client.call(snapshots.list)
        check.equal("total", listed.total_items, 3)
        found = {item.name: client.view(item) for item in listed.items}
        check.equal("items", found, {name: client.view(made[name]) for name in names})

    with step("the snapshot list filters by a part of the name") as check:
        for query, wanted in (
            ("workspace", {"workspace-warm", "workspace-cold"}),
            ("workspace-cold", {"workspace-cold"}),
            ("RELEASE", {"Release 1.0"}),
            ("nowhere", set()),
        ):
            listed = client.call(snapshots.list, query=query)
            check.equal(f"names of {query!r}", {item.name for item in listed.items}, wanted)
            check.equal(f"total of {query!r}", listed.total_items, len(wanted))

    with step("the snapshot list comes in pages, in either order") as check:
        _pages(check, client, snapshots.list, {snapshot.id for snapshot in made.values()})

    with step("what is deleted is listed no more") as check:
        client.delete_snapshot(made["workspace-cold"])
        left = {item.name for item in client.call(snapshots.list).items}
        check.equal("snapshots left", left, {"workspace-warm", "Release 1.0"})
        client.delete(paused)
        left = [item.id for item in client.call(sandboxes.list).items]
        check.equal("sandboxes left", left, [running.id])
        client.delete(running)
        client.delete_snapshot(made["workspace-warm"])
        client.delete_snapshot(made["Release 1.0"])
        check.equal("total of snapshots", client.call(snapshots.list).total_items, 0)
        check.equal("total of sandboxes", client.call(sandboxes.list).total_items, 0)


def _pages(check, client, method, wanted):
    """One item a page gives every item once; ascending is descending turned round."""
    newest_first = []
    for page in range(1, len(wanted) + 1):
        listed = client.call(method, page=page, page_size=1)
        check.equal(f"items of page {page}", len(listed.items), 1)
        check.equal(f"total on page {page}", listed.total_items, len(wanted))
        newest_first += listed.items
    check.equal("all pages", {item.id for item in newest_first}, wanted)
    times = [item.created_at for item in newest_first]
    check.equal("times", times, sorted(times, reverse=True))

    oldest_first = client.call(method, order_by="asc").items
    ids = [item.id for item in reversed(newest_first)]
    check.equal("ascending", [item.id for item in oldest_first], ids)

    beyond = client.call(method, page=len(wanted) + 1, page_size=1)
    check.equal("beyond the last page", (beyond.items, beyond.total_items), ([], len(wanted)))
