"""The three eras of the published clients: what the units and the snapshot calls are named."""

import sdk


class EraA(sdk.Sdk):
    """0.1.0 to 0.6.1: minutes, `_mib`, and `snapshots.create`, `pause`, `resume`."""

    SIZE_FIELDS = ("memory_mib", "disk_mib")

    def sizes(self, memory=None, timeout=None):
        minutes = None if timeout is None else timeout // 60
        return _given(memory_mib=memory, timeout_min=minutes)

    def snapshot(self, sandbox, name=None):
        return self.call(self.client.snapshots.create, sandbox, name=name)

    def snapshot_and_end(self, sandbox, name):
        return self.call(self.client.snapshots.pause, sandbox, name=name)

    # Only the reply of `snapshots.pause` has a state.
    STATE_OF_AN_ENDING_SNAPSHOT = "paused"

    def _restore_method(self):
        return self.client.snapshots.resume


class EraB(EraA):
    """0.7.0: seconds, and no unit in a name."""

    SIZE_FIELDS = ("memory", "disk")

    def sizes(self, memory=None, timeout=None):
        return _given(memory=memory, timeout=timeout)


class EraC(EraB):
    """0.8.0: `sandboxes.create_snapshot` with `kill_sandbox_after`, and `snapshots.restore`."""

    def snapshot(self, sandbox, name=None):
        return self.call(self.client.sandboxes.create_snapshot, sandbox, name=name)

    def snapshot_and_end(self, sandbox, name):
        return self.call(sandbox.create_snapshot, name=name, kill_sandbox_after=True)

    STATE_OF_AN_ENDING_SNAPSHOT = None

    def _restore_method(self):
        return self.client.snapshots.restore


def of_the_installed_release():
    if sdk.VERSION >= (0, 8, 0):
        return EraC
    return EraB if sdk.VERSION >= (0, 7, 0) else EraA


def _given(**kwargs):
    return {name: value for name, value in kwargs.items() if value is not None}
