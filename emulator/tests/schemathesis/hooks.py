"""Leads generated requests to what exists.

A generated id names nothing, so nearly every answer would be 404. Of each operation's requests
that are not meant to be wrong, four in five get the id of a sandbox or a snapshot made for them,
and paths that are there. The fifth, and those of the stateful phase, stay as they are.
"""

import atexit
import http.client
import itertools
import json
import os
from collections import defaultdict
from urllib.parse import urlsplit

import schemathesis

FILE = "/workspace/notes.txt"
FOLDER = "/workspace/folder"
TEXT = "some text\nmore text\n"
PATHS_OF = {
    "ls": {"path": "/workspace"},
    "stat": {"path": FILE},
    "exists": {"path": FILE},
    "read-file": {"path": FILE},
    "read-files": {"paths": [FILE]},
    "delete": {"path": FILE},
    "set-permissions": {"path": FILE, "owner": None, "group": None, "mode": "0640"},
    "glob": {"path": "/workspace"},
    "grep": {"path": "/workspace"},
    "edit-file": {"path": FILE, "edits": [{"find": "text", "replace": "words"}]},
    "edit-files": {"files": [FILE]},
    "move": {"src_path": FILE, "dst_path": FOLDER + "/moved.txt", "overwrite": True},
    "copy": {"src_path": FILE, "dst_path": FOLDER + "/copied.txt", "overwrite": True},
    "tree": {"path": "/workspace"},
}

# These leave the sandbox in another state, or without it.
CHANGES_ITS_SANDBOX = {
    "sandbox/delete",
    "sandbox/pause",
    "sandbox/stop",
    "sandbox/start",
    "snapshot/create",
    "snapshot/pause",
}


class Fixtures:
    """What the requests are led to, made through the API."""

    def __init__(self):
        url = urlsplit(os.environ["LEAP0_BASE_URL"])
        self.connection = http.client.HTTPConnection(url.hostname, url.port)
        self.shared = None

    def send(self, method, path, body=b"{}"):
        headers = {"authorization": os.environ["LEAP0_API_KEY"]}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def made(self, path, fields):
        status, text = self.send("POST", path, json.dumps(fields))
        assert status == 201, (path, status, text)
        return json.loads(text)

    def new_sandbox(self):
        return self.made("/v1/sandbox", {"template_name": "system/debian:bookworm"})["id"]

    def stopped_sandbox(self):
        sandbox = self.new_sandbox()
        assert self.send("POST", f"/v1/sandbox/{sandbox}/stop")[0] == 200
        return sandbox

    def new_snapshot(self):
        sandbox = self.new_sandbox()
        return self.made(f"/v1/sandbox/{sandbox}/snapshot/create", {"kill_sandbox_after": True})

    def sandbox_with_files(self):
        """The shared sandbox, with the files as they were."""
        for _ in range(2):
            if self.shared is None:
                self.shared = self.new_sandbox()
                folder = json.dumps({"path": FOLDER})
                self.send("POST", f"/v1/sandbox/{self.shared}/filesystem/mkdir", folder)
            path = f"/v1/sandbox/{self.shared}/filesystem/write-file?path={FILE}"
            if self.send("POST", path, TEXT)[0] == 204:
                return self.shared
            self.shared = None  # a generated request has ruined it
        raise AssertionError("a new sandbox takes no file")


fixtures = Fixtures()
turns = defaultdict(itertools.count)

# What run.py reads: how many requests there were for each operation, without those of the fixtures,
# and how many of them were answered 2xx.
tally = defaultdict(lambda: {"requests": 0, "answered": 0})


def operation_id(context):
    return context.operation.definition.raw["operationId"]


@schemathesis.hook
def map_body(context, body):
    """Puts generated files where files can be: a form's body can't be changed once it is a case."""
    if operation_id(context) == "filesystem/write-files" and isinstance(body, dict):
        if all(name.startswith("/") and "\0" not in name and len(name) < 4096 for name in body):
            return {f"{FOLDER}/{number}": file for number, file in enumerate(body.values())}
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None:
        return
    if not case.meta.generation.mode.is_negative:
        # Setting what was left out would count as a change for the worse.
        if isinstance(case.body, dict) and case.media_type == "application/json":
            case.body = writable(case.body)
    if case.meta.phase.name.value == "stateful":
        return
    operation = operation_id(context)
    if case.meta.generation.mode.is_negative:
        # Even a wrong request has to find its sandbox for what is wrong with it to be looked at.
        lead_to_sandbox(case, operation)
    elif next(turns[operation]) % 5 < 4:
        lead_to_sandbox(case, operation)
        lead_to_snapshot(case, operation)
        lead_to_files(case, operation)


def writable(value):
    """The value as the emulator reads numbers, of which a schema can't tell.

    It wants 300 for an integer and not 300.0 (rule SB-CREATE-03), and no number near the end of
    what a 64-bit float can hold or beyond it, not even in a field that it ignores.
    """
    match value:
        case dict():
            return {name: writable(one) for name, one in value.items()}
        case list():
            return [writable(one) for one in value]
        case int() | float() if abs(value) > 1e300:
            return 10**300
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


@schemathesis.hook
def after_call(context, case, response):
    operation = operation_id(context)
    tally[operation]["requests"] += 1
    if 200 <= response.status_code < 300:
        tally[operation]["answered"] += 1


@atexit.register
def write_tally():
    with open(os.environ["LEAP0_TALLY"], "w") as file:
        json.dump(tally, file)


def lead_to_sandbox(case, operation):
    if "id" not in (case.path_parameters or {}):
        return
    if operation == "sandbox/start":
        sandbox = fixtures.stopped_sandbox()
    elif operation in CHANGES_ITS_SANDBOX:
        sandbox = fixtures.new_sandbox()
    else:
        sandbox = fixtures.sandbox_with_files()
    case.path_parameters = {**case.path_parameters, "id": sandbox}


def lead_to_snapshot(case, operation):
    if operation == "snapshot/delete":
        case.path_parameters = {"snapshot_id": fixtures.new_snapshot()["id"]}
    elif operation in ("snapshot/resume", "snapshot/restore"):
        snapshot = fixtures.new_snapshot()
        for field, value in (("snapshot_name", snapshot["name"]), ("snapshot_id", snapshot["id"])):
            if case.body.get(field) is not None:
                case.body = {**case.body, field: value}


def lead_to_files(case, operation):
    if operation == "filesystem/write-file":
        case.query = {**case.query, "path": FILE}
    fields = PATHS_OF.get(operation.removeprefix("filesystem/"))
    if fields and operation.startswith("filesystem/"):
        case.body = {**case.body, **fields}
