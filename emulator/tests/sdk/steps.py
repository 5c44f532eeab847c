"""Numbered steps that print one line each and cannot pass without checking something."""

from contextlib import contextmanager

import sdk


class Steps:
    """Runs the steps of a story, one after another, whatever became of the one before."""

    def __init__(self):
        self.taken = 0
        self.failed = 0

    @contextmanager
    def __call__(self, title):
        """Runs the body of the `with` as the next step, and prints what became of it."""
        self.taken += 1
        check = Check()
        try:
            yield check
            if not check.made:
                raise AssertionError("the step checked nothing")
        except UnboundLocalError as error:
            self._fail(title, f"an earlier step did not get that far: {error}")
        except AssertionError as error:
            self._fail(title, str(error))
        except Exception as error:  # noqa: BLE001 - whatever happened, the next step has its turn
            self._fail(title, f"{type(error).__name__}: {error}")
        else:
            print(f"ok {self.taken} - {title}", flush=True)

    def _fail(self, title, reason):
        self.failed += 1
        print(f"FAIL {self.taken} - {title}: {reason}", flush=True)


class Check:
    """The assertions of one step."""

    def __init__(self):
        self.made = 0

    def true(self, what, held):
        self.made += 1
        if not held:
            raise AssertionError(what)

    def equal(self, what, found, wanted):
        self.true(f"{what} is {found!r}, not {wanted!r}", found == wanted)

    def includes(self, what, found, **wanted):
        """Every wanted field is there with the wanted value; others don't matter."""
        for name, value in wanted.items():
            self.equal(f"{what}: {name}", found.get(name, "missing"), value)

    def refused(self, status, call, *args, **kwargs):
        """The call raises the SDK's own error for that status, with the server's message."""
        try:
            answer = call(*args, **kwargs)
        except sdk.ERROR as error:
            self.equal(f"the status of {error!r}", error.status_code, status)
            self.equal(f"the class of {error!r}", type(error), sdk.error_class(status))
            self.true(f"{error!r} has no message of the server", sdk.message_of(error))
            return error
        raise AssertionError(f"answered {answer!r} where {status} was due")
