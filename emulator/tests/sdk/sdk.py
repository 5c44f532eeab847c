"""The installed `leap0` release, unmodified, behind one set of names for all releases.

What differs between releases is in three places: `SINCE` (what a release has at all), `Files`
(methods that were renamed) and `eras` (units and snapshot methods). Nothing here guesses: a method
that a release should have and has not is an `AttributeError`, and so a failed step.
"""

import asyncio
import inspect
import json
import os
from functools import partial
from importlib.metadata import version

import leap0

TEXT = version("leap0")
VERSION = tuple(int(part) for part in TEXT.split("."))

SINCE = {
    "base URL from the environment": (0, 2, 0),
    "error classes": (0, 2, 0),
    "snapshot state": (0, 2, 0),
    "sandbox handles": (0, 3, 0),
    "retryable errors": (0, 3, 0),
    "network policy modes": (0, 3, 0),
    "async client": (0, 3, 0),
    "optional snapshot state": (0, 4, 0),
    "stderr": (0, 4, 0),
    "exec env": (0, 5, 0),
    "lists": (0, 6, 0),
    "system": (0, 6, 0),
    "timeout in replies": (0, 7, 0),
}

ERROR = leap0.Leap0Error


def has(feature):
    return VERSION >= SINCE[feature]


def error_class(status):
    """The class that this release raises for an HTTP status."""
    if not has("error classes"):
        return leap0.Leap0APIError
    named = {404: "NotFound", 409: "Conflict", 429: "RateLimit"}.get(status, "")
    return getattr(leap0, f"Leap0{named}Error")


def message_of(error):
    """What the server said, as far as the release lifts it out of the body."""
    return error.error_message if has("error classes") else json.loads(error.body)["message"]


class Sdk:
    """One client and the calls of the story. `eras` adds what the eras do differently."""

    def __init__(self, flavour="sync", api_key=None, **options):
        # The first releases read only the key from the environment.
        if not has("base URL from the environment"):
            options["base_url"] = os.environ["LEAP0_BASE_URL"]
        if api_key is not None:
            options["api_key"] = api_key
        self._loop = asyncio.new_event_loop() if flavour == "async" else None
        kind = leap0.AsyncLeap0Client if flavour == "async" else leap0.Leap0Client
        self.client = kind(timeout=30, **options)
        self._made = []

    def call(self, method, *args, **kwargs):
        """Calls a method of either client and returns its value."""
        value = method(*args, **kwargs)
        return self._loop.run_until_complete(value) if inspect.isawaitable(value) else value

    def close(self):
        self.call(self.client.close)
        if self._loop is not None:
            self._loop.close()

    # Sandboxes

    def create(self, memory=None, timeout=None, **kwargs):
        """Creates a sandbox; memory in MiB, timeout in seconds, whatever the release calls them."""
        kwargs |= self.sizes(memory=memory, timeout=timeout)
        return self._remember(self.call(self.client.sandboxes.create, **kwargs))

    def get(self, sandbox):
        return self.call(self.client.sandboxes.get, sandbox)

    def pause(self, sandbox):
        return self.call(self.client.sandboxes.pause, sandbox)

    def delete(self, sandbox):
        self.call(self.client.sandboxes.delete, sandbox)

    def execute(self, sandbox, command, **kwargs):
        """Runs a shell command, by the sandbox's own handle where the release has one."""
        return self.call(self._service(sandbox, "process", "execute"), command=command, **kwargs)

    def files(self, sandbox):
        return Files(partial(self._service, sandbox, "filesystem"), self.call)

    def _service(self, sandbox, service, method):
        if has("sandbox handles"):
            return getattr(getattr(sandbox, service), method)
        return partial(getattr(getattr(self.client, service), method), sandbox)

    # Snapshots

    def restore(self, name, timeout=None, **kwargs):
        kwargs |= self.sizes(timeout=timeout)
        return self._remember(self.call(self._restore_method(), snapshot_name=name, **kwargs))

    def delete_snapshot(self, snapshot):
        self.call(self.client.snapshots.delete, snapshot)

    # What the replies show

    def view(self, thing):
        """The fields of a sandbox or snapshot that every release shows, by their present names."""
        memory, disk = self.SIZE_FIELDS
        return {
            "id": thing.id,
            "template_id": thing.template_id,
            "vcpu": thing.vcpu,
            "memory": getattr(thing, memory),
            "disk": getattr(thing, disk),
            "created_at": thing.created_at,
        }

    def sweep(self):
        """Deletes what a chapter that broke off left behind, so that the next has its quota."""
        for sandbox in self._made:
            try:
                self.delete(sandbox)
            except ERROR:
                pass  # it is gone already, which is what was wanted
        self._made.clear()

    def _remember(self, sandbox):
        self._made.append(sandbox)
        return sandbox


class Files:
    """The filesystem methods of one sandbox under their present names."""

    # Present name → name in 0.1.0 to 0.2.0.
    FORMER = {
        "write_file": "write_file_text",
        "write_bytes": "write_file_bytes",
        "write_files": "write_files_text",
        "read_file": "read_file_text",
        "read_bytes": "read_file_bytes",
        "read_files": "read_files_text",
    }

    def __init__(self, method, call):
        self._method = method
        self._call = call

    def __getattr__(self, name):
        if VERSION < (0, 3, 0):
            name = self.FORMER.get(name, name)
        return partial(self._call, self._method(name))


def state(thing):
    """A state as plain text: releases from 0.2.0 have an enum for the states they know."""
    return getattr(thing.state, "value", thing.state)


def stdout(result):
    return result.stdout if has("stderr") else result.result


def custom_policy(**lists):
    """A network policy as a program of this release writes it."""
    mode = leap0.NetworkPolicyMode.CUSTOM if has("network policy modes") else "custom"
    return {"mode": mode, **lists}
