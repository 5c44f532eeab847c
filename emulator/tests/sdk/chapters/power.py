"""Pause, which keeps the memory, and stop and start, which do not."""

import sdk

DISK = "/workspace/power.txt"
MEMORY = "/dev/shm/power"


def tell(step, client, raw):
    with step("a paused sandbox says so, in the reply and to get") as check:
        box = client.create(vcpu=2, memory=512, timeout=600, env_vars={"TIER": "gold"})
        files = client.files(box)
        files.write_file(path=DISK, content="disk\n")
        files.write_file(path=MEMORY, content="memory\n")
        paused = client.pause(box)
        check.equal("id", paused.id, box.id)
        check.equal("state in the reply", sdk.state(paused), "paused")
        check.equal("state", sdk.state(client.get(box)), "paused")

    with step("a paused sandbox is neither paused again nor captured, and sleeps on") as check:
        check.refused(409, client.pause, box)
        check.refused(409, client.snapshot, box, name="of-a-paused-one")
        check.equal("state", sdk.state(client.get(box)), "paused")

    with step("a command wakes it, with its disk and its memory as they were") as check:
        result = client.execute(box, f"cat {DISK} {MEMORY}")
        check.equal("exit code", result.exit_code, 0)
        check.equal("stdout", sdk.stdout(result), "disk\nmemory\n")
        check.equal("state", sdk.state(client.get(box)), "running")

    with step("reading a file wakes it too") as check:
        check.equal("state", sdk.state(client.pause(box)), "paused")
        check.equal("memory", files.read_file(path=MEMORY), "memory\n")
        check.equal("state", sdk.state(client.get(box)), "running")

    # No published client has stop and start.
    with step("a stopped sandbox says so in every dialect, and is not woken by use") as check:
        stopped = raw.stop(box)
        check.includes("reply", stopped, id=box.id, state="stopped", vcpu=2)
        check.includes("reply", stopped, memory=512, memory_mib=512, disk=10240, disk_mib=10240)
        check.includes("reply", stopped, timeout=600, timeout_min=10)
        check.equal("state", sdk.state(client.get(box)), "stopped")
        check.refused(409, client.execute, box, "true")
        check.refused(409, client.pause, box)
        check.equal("state", sdk.state(client.get(box)), "stopped")

    with step("a started sandbox is the same one, running") as check:
        started = raw.start(box)
        check.includes("reply", started, id=box.id, state="running", vcpu=2)
        check.includes("reply", started, memory=512, memory_mib=512, disk=10240, disk_mib=10240)
        check.includes("reply", started, timeout=600, timeout_min=10, created_at=box.created_at)
        check.equal("state", sdk.state(client.get(box)), "running")
        path = f"/v1/sandbox/{box.id}/start"
        check.equal("status of a second start", raw.status("POST", path), 409)

    with step("stop and start keep the disk and the environment and lose the memory") as check:
        check.equal("disk", files.read_file(path=DISK), "disk\n")
        check.equal("memory exists", files.exists(path=MEMORY), False)
        result = client.execute(box, 'printf %s "$TIER"')
        check.equal("$TIER", sdk.stdout(result), "gold")

    if sdk.has("sandbox handles"):
        with step("the handle of a sandbox pauses it, follows it and deletes it") as check:
            handle = client.create()
            check.equal("state", sdk.state(handle), "running")
            client.call(handle.pause)
            check.equal("state after pause", sdk.state(handle), "paused")
            client.execute(handle, "true")
            check.equal("state before refresh", sdk.state(handle), "paused")
            client.call(handle.refresh)
            check.equal("state after refresh", sdk.state(handle), "running")
            client.call(handle.delete)
            check.refused(404, client.get, handle)

    with step("paused and stopped sandboxes can be deleted") as check:
        other = client.create()
        check.equal("state of one", sdk.state(client.pause(box)), "paused")
        check.equal("state of the other", raw.stop(other)["state"], "stopped")
        client.delete(box)
        client.delete(other)
        check.refused(404, client.get, box)
        check.refused(404, client.get, other)
