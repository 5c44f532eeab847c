"""The heart of the story: a source, its snapshots, and what is restored from them."""

import sdk

TEXT = "/workspace/state/app.txt"
BYTES = "/workspace/state/blob.bin"
DOOMED = "/workspace/state/doomed.txt"
ADDED = "/workspace/state/added.txt"
MEMORY = "/dev/shm/cache"
EVERY_BYTE = bytes(range(256))
OVERRIDE = {"allow_cidrs": ["1.2.3.4/32"]}


def tell(step, client, raw):
    with step("a source gets state on its disk and in its memory") as check:
        source = client.create(
            template_name="system/debian:bookworm",
            vcpu=2,
            memory=512,
            timeout=600,
            env_vars={"TIER": "gold"},
        )
        files = client.files(source)
        files.write_file(path=TEXT, content="version 1\n")
        files.write_bytes(path=BYTES, content=EVERY_BYTE)
        result = client.execute(source, f"echo old > {DOOMED} && echo warm > {MEMORY}")
        check.equal("exit code", result.exit_code, 0)
        _holds_version_1(check, files)

    with step("a snapshot of it answers with its name and the source's size") as check:
        warm = client.snapshot(source, name="workspace-warm")
        check.true(f"the id is {warm.id!r}", warm.id.startswith("snap-"))
        check.equal("name", warm.name, "workspace-warm")
        check.includes("snapshot", client.view(warm), vcpu=2, memory=512, disk=10240)
        check.equal("template", warm.template_id, source.template_id)
        check.equal("network policy", warm.network_policy, {"mode": "allow-all"})
        if sdk.has("optional snapshot state"):
            check.equal("state", warm.state, None)

    with step("the source keeps running with its files and its memory") as check:
        check.equal("state", sdk.state(client.get(source)), "running")
        _holds_version_1(check, files)

    with step("a snapshot without a name gets one made from the template's") as check:
        unnamed = client.snapshot(source)
        check.true(f"the name is {unnamed.name!r}", unnamed.name.startswith("debian-bookworm-"))
        check.true(f"the name is {unnamed.name!r}", len(unnamed.name) <= 64)
        client.delete_snapshot(unnamed)
        check.refused(404, client.delete_snapshot, unnamed)

    with step("the source goes on: overwrites, deletes, adds") as check:
        files.write_file(path=TEXT, content="version 2\n")
        files.delete(path=DOOMED)
        files.write_file(path=ADDED, content="new\n")
        result = client.execute(source, f"echo hot > {MEMORY}")
        check.equal("exit code", result.exit_code, 0)
        _holds_version_2(check, files)

    with step("a restored sandbox is a new one, running, with the overrides it asked for") as check:
        copy = client.restore(
            "workspace-warm",
            timeout=1800,
            auto_pause=True,
            network_policy=sdk.custom_policy(**OVERRIDE),
        )
        check.true("the copy has the id of its source", copy.id != source.id)
        check.equal("state", sdk.state(copy), "running")
        check.includes("copy", client.view(copy), vcpu=2, memory=512, disk=10240)
        check.equal("template", copy.template_id, source.template_id)
        check.equal("auto_pause", copy.auto_pause, True)
        check.includes("network policy", copy.network_policy, mode="custom", **OVERRIDE)
        if sdk.has("timeout in replies"):
            check.equal("timeout", copy.timeout, 1800)
        check.includes("raw answer", raw.sandbox(copy), timeout=1800, timeout_min=30)

    with step("the restored sandbox holds the old files and none of the later changes") as check:
        restored = client.files(copy)
        _holds_version_1(check, restored)

    with step("the restored sandbox has the environment of its source") as check:
        result = client.execute(copy, 'printf %s "$TIER"')
        check.equal("$TIER", sdk.stdout(result), "gold")

    with step("the source and its copy do not touch each other") as check:
        restored.write_file(path=ADDED, content="by the copy\n")
        check.equal("added.txt of the copy", restored.read_file(path=ADDED), "by the copy\n")
        check.equal("state of the source", sdk.state(client.get(source)), "running")
        _holds_version_2(check, files)

    with step("a snapshot name is taken once, and an unknown one is not found") as check:
        taken = check.refused(409, client.snapshot, source, name="workspace-warm")
        check.true("the refusal names the name", "workspace-warm" in sdk.message_of(taken))
        check.refused(404, client.restore, "workspace-nowhere")

    with step("a snapshot with a running copy is not deleted") as check:
        in_use = check.refused(409, client.delete_snapshot, warm)
        check.true("the refusal names the copy", copy.id in sdk.message_of(in_use))
        check.equal("state of the copy", sdk.state(client.get(copy)), "running")

    with step("a snapshot that ends its source answers with the name") as check:
        cold = client.snapshot_and_end(source, name="workspace-cold")
        check.equal("name", cold.name, "workspace-cold")
        check.includes("snapshot", client.view(cold), vcpu=2, memory=512, disk=10240)
        if sdk.has("snapshot state"):
            shown = cold.state and sdk.state(cold)
            check.equal("state", shown, client.STATE_OF_AN_ENDING_SNAPSHOT)

    with step("the ended source is gone") as check:
        check.refused(404, client.get, source)
        check.refused(404, client.execute, source, "true")

    with step("a snapshot outlives its source and is restored with the defaults") as check:
        late = client.restore("workspace-cold")
        check.equal("state", sdk.state(late), "running")
        check.equal("auto_pause", late.auto_pause, False)
        check.equal("network policy", late.network_policy, {"mode": "allow-all"})
        check.includes("raw answer", raw.sandbox(late), timeout=300, timeout_min=5)
        _holds_version_2(check, client.files(late))

    with step("a snapshot is deleted once its copies are, and then is gone") as check:
        client.delete(copy)
        client.delete_snapshot(warm)
        check.refused(404, client.delete_snapshot, warm)
        check.refused(404, client.restore, "workspace-warm")

    with step("the name of a deleted snapshot is free again") as check:
        again = client.snapshot(late, name="workspace-warm")
        check.equal("name", again.name, "workspace-warm")
        check.true("the new snapshot has the id of the old one", again.id != warm.id)
        client.delete(late)
        client.delete_snapshot(again)
        client.delete_snapshot(cold)
        check.refused(404, client.delete_snapshot, cold)


def _holds_version_1(check, files):
    check.equal("app.txt", files.read_file(path=TEXT), "version 1\n")
    check.equal("blob.bin", files.read_bytes(path=BYTES), EVERY_BYTE)
    check.equal("doomed.txt", files.read_file(path=DOOMED), "old\n")
    check.equal("added.txt exists", files.exists(path=ADDED), False)
    check.equal("memory", files.read_file(path=MEMORY), "warm\n")


def _holds_version_2(check, files):
    check.equal("app.txt", files.read_file(path=TEXT), "version 2\n")
    check.equal("blob.bin", files.read_bytes(path=BYTES), EVERY_BYTE)
    check.equal("doomed.txt exists", files.exists(path=DOOMED), False)
    check.equal("added.txt", files.read_file(path=ADDED), "new\n")
    check.equal("memory", files.read_file(path=MEMORY), "hot\n")
