"""Shell commands: where they run, with what, how they end; and the two system paths."""

import sdk


def tell(step, client, raw):
    with step("a command runs in the directory it is given") as check:
        box = client.create(env_vars={"COLOUR": "blue"})
        client.files(box).mkdir(path="/workspace/deep/er", recursive=True)
        result = client.execute(box, "pwd", cwd="/workspace/deep/er")
        check.equal("exit code", result.exit_code, 0)
        check.equal("pwd", sdk.stdout(result), "/workspace/deep/er\n")
        check.refused(400, client.execute, box, "pwd", cwd="/not/there")

    if sdk.has("exec env"):
        with step("a variable given to a command is that command's alone") as check:
            show = 'printf %s "$COLOUR"'
            with_env = client.execute(box, show, env={"COLOUR": "red"})
            check.equal("$COLOUR of the command", sdk.stdout(with_env), "red")
            check.equal("$COLOUR of the next", sdk.stdout(client.execute(box, show)), "blue")

    with step("a failing command answers with its exit code and its output") as check:
        result = client.execute(box, "echo out; echo err >&2; exit 3")
        check.equal("exit code", result.exit_code, 3)
        check.equal("stdout", sdk.stdout(result), "out\n")
        if sdk.has("stderr"):
            check.equal("stderr", result.stderr, "err\n")

    with step("a shell is a shell: pipes, loops and redirections") as check:
        script = "for n in 3 1 2; do echo line $n; done | sort | tail -n 2 > /tmp/out; cat /tmp/out"
        result = client.execute(box, script)
        check.equal("exit code", result.exit_code, 0)
        check.equal("stdout", sdk.stdout(result), "line 2\nline 3\n")

    with step("a command may take as long as its timeout and no longer") as check:
        quick = client.execute(box, "echo in time", timeout=20)
        check.equal("exit code in time", quick.exit_code, 0)
        check.equal("stdout in time", sdk.stdout(quick), "in time\n")
        slow = client.execute(box, "echo begun; sleep 20; echo ended", timeout=1)
        check.equal("exit code too late", slow.exit_code, 124)
        check.equal("stdout too late", sdk.stdout(slow), "begun\n")

    with step("an empty command and a timeout of nothing are refused") as check:
        check.refused(400, client.execute, box, "")
        check.refused(400, client.execute, box, "true", timeout=0)
        check.equal("exit code of a good one", client.execute(box, "true").exit_code, 0)

    if sdk.has("system"):
        with step("the workdir and the home directory are there") as check:
            service = client.client.sandboxes
            workdir = client.call(service.get_workdir, box)
            home = client.call(service.get_user_home_dir, box)
            files = client.files(box)
            check.equal("workdir is a directory", files.stat(path=workdir).is_dir, True)
            check.equal("home is a directory", files.stat(path=home).is_dir, True)
            check.equal("pwd", sdk.stdout(client.execute(box, "pwd")), f"{workdir}\n")
            check.equal("pwd after cd", sdk.stdout(client.execute(box, "cd && pwd")), f"{home}\n")

    with step("a command in a deleted sandbox is refused") as check:
        client.delete(box)
        check.refused(404, client.execute, box, "true")
