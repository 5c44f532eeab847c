"""Sends generated requests to a running emulator, and fails if it breaks its own description.

    LEAP0_BASE_URL=… LEAP0_API_KEY=KEY,KEY,KEY python run.py

Each seed is a run of its own, with a key (an organisation) of its own; the runs go side by side.
Prints a line per seed and a summary.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import schemathesis.specs.openapi.checks  # registers all of them
from schemathesis.checks import CHECKS as KNOWN

SEEDS = (1, 20240229, 4294967291)
MIN_EXAMPLES = 100
MIN_ANSWERED = 0.9
# Deletions of a snapshot with a fixed id that none has: always the same request, and always 404.
UNVARIED = ("snapshot/delete-resume", "snapshot/delete-restore")

# Every check that there is, or why it is left out.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
)
LEFT_OUT = {
    "missing_required_header": "no operation requires a header beside the key (ignored_auth)",
    "object_level_authorization": "needs two identities in one run; rule AUTH-05 is proven in tests/rules",
}

HERE = Path(__file__).parent
BASE_URL = os.environ["LEAP0_BASE_URL"]
DOCUMENT = f"{BASE_URL}/_emulator/openapi.json"
with urllib.request.urlopen(DOCUMENT) as answer:
    PATHS = json.load(answer)["paths"]
OPERATIONS = sum("operationId" in one for item in PATHS.values() for one in item.values())


def main():
    assert set(KNOWN.get_all_names()) == {*CHECKS, *LEFT_OUT}, "a check is forgotten"
    print("checks:", ", ".join(CHECKS))
    for check, reason in LEFT_OUT.items():
        print(f"left out: {check}: {reason}")
    keys = os.environ["LEAP0_API_KEY"].split(",")
    with tempfile.TemporaryDirectory() as folder:
        runs = [Run(seed, key, Path(folder)) for seed, key in zip(SEEDS, keys, strict=True)]
        good = [run.finished() for run in runs]
    print("no violation" if all(good) else "VIOLATIONS")
    return 0 if all(good) else 1


class Run:
    """Schemathesis with one seed."""

    def __init__(self, seed, key, folder):
        self.seed = seed
        self.began = time.monotonic()
        self.output, self.tally = folder / f"{seed}.txt", folder / f"{seed}.json"
        home = folder / f"{seed}"  # it writes caches where it runs
        home.mkdir()
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml"]
        command += ["run", DOCUMENT, "--seed", str(seed), "--no-color"]
        command += ["--exclude-checks", ",".join(LEFT_OUT)]
        command += sys.argv[1:]
        with self.output.open("w") as output:
            environment = {
                **os.environ,
                "LEAP0_API_KEY": key,
                "LEAP0_HOOKS": str(HERE / "hooks.py"),
                "LEAP0_TALLY": str(self.tally),
            }
            self.process = subprocess.Popen(
                command, cwd=home, env=environment, stdout=output, stderr=subprocess.STDOUT
            )

    def finished(self):
        """Waits for the end, prints what came of it, and tells whether all is well."""
        status = self.process.wait()
        seconds = time.monotonic() - self.began
        tally = json.loads(self.tally.read_text()) if self.tally.exists() else {}
        few = [name for name, one in tally.items() if one["requests"] < MIN_EXAMPLES]
        few = [f"{name} ({tally[name]['requests']})" for name in few if name not in UNVARIED]
        never = [name for name, one in tally.items() if one["answered"] == 0]
        share = 1 - len(never) / OPERATIONS
        print(
            f"seed {self.seed}: {sum(one['requests'] for one in tally.values())} requests in "
            f"{seconds:.0f} s, {share:.0%} of {len(tally)} operations answered 2xx"
        )
        if status != 0:
            print(self.output.read_text())
        if few:
            print(f"  too few requests: {', '.join(few)}")
        if never:
            print(f"  never answered 2xx: {', '.join(never)}")
        good = status == 0 and not few and share >= MIN_ANSWERED
        return good and len(tally) == OPERATIONS


if __name__ == "__main__":
    sys.exit(main())
