"""THE STORY of a sandbox and its snapshots, told by one unmodified `leap0` release.

    LEAP0_BASE_URL=… LEAP0_API_KEY=… python story.py VERSION [sync|async]

Prints a line per step and a last line with the count; exits 1 if a step failed. The key's
organisation must be empty and have the default limit of three live sandboxes. VERSION is what
should be installed, so that a story is never told by another release than its name says.
"""

import faulthandler
import sys

# A server that hangs shows where the story waits for it, instead of hanging the story.
faulthandler.dump_traceback_later(300, exit=True)

import eras  # noqa: E402
import sdk  # noqa: E402
from chapters import commands, files, limits, lists, power, sandboxes, snapshots  # noqa: E402
from raw import Raw  # noqa: E402
from steps import Steps  # noqa: E402

CHAPTERS = (sandboxes, snapshots, commands, files, power, lists, limits)


def tell(wanted, flavour):
    step, raw = Steps(), Raw()
    with step(f"the installed release is {wanted}") as check:
        check.equal("leap0", sdk.TEXT, wanted)
    lacking = [feature for feature in sdk.SINCE if not sdk.has(feature)]
    if lacking:
        print(f"not in this release, so not told: {', '.join(lacking)}", flush=True)

    era = eras.of_the_installed_release()
    client = era(flavour)
    for chapter in CHAPTERS:
        chapter.tell(step, client, raw)
        client.sweep()

    with step("nothing is left behind") as check:
        check.equal("sandboxes left", raw.total("sandboxes"), 0)
        check.equal("snapshots left", raw.total("snapshots"), 0)
    client.close()

    flavoured = "" if flavour == "sync" else f" {flavour}"
    print(f"story leap0=={sdk.TEXT}{flavoured}: {step.taken} steps, {step.failed} failed")
    return 1 if step.failed else 0


if __name__ == "__main__":
    sys.exit(tell(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "sync"))
