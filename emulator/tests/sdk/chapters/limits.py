"""The limit of three live sandboxes."""

import sdk


def tell(step, client, raw):
    with step("a fourth sandbox is refused") as check:
        boxes = [client.create() for _ in range(3)]
        snapshot = client.snapshot(boxes[0], name="at-the-limit")
        check.refused(409, client.create)
        states = [sdk.state(client.get(box)) for box in boxes]
        check.equal("the three", states, ["running"] * 3)

    with step("a fourth by restoring is refused, to be tried again later") as check:
        refusal = check.refused(429, client.restore, "at-the-limit")
        if sdk.has("error classes"):
            after = {name.lower(): value for name, value in refusal.headers.items()}["retry-after"]
            check.true(f"Retry-After is {after!r}", int(after) >= 1)
        if sdk.has("retryable errors"):
            check.equal("retryable", refusal.retryable, True)

    with step("a stopped sandbox gives its place away, and then cannot start") as check:
        check.equal("state", raw.stop(boxes[0])["state"], "stopped")
        boxes.append(client.restore("at-the-limit"))
        check.equal("state of the fourth", sdk.state(boxes[3]), "running")
        path = f"/v1/sandbox/{boxes[0].id}/start"
        check.equal("status of start", raw.status("POST", path), 429)
        check.equal("state", sdk.state(client.get(boxes[0])), "stopped")

    with step("a deleted sandbox gives its place back") as check:
        client.delete(boxes[1])
        check.equal("state after start", raw.start(boxes[0])["state"], "running")
        for box in (boxes[0], boxes[2], boxes[3]):
            client.delete(box)
        client.delete_snapshot(snapshot)
        check.refused(404, client.get, boxes[0])
