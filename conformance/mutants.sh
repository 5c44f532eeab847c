#!/bin/sh
# Tries every mutant that cargo-mutants makes of the emulator's lifecycle and service, and prints
# which share of those that compile `leap0-conformance run` fails. It takes 45 minutes on two cores.
#
#     cargo install cargo-mutants --locked
#     conformance/mutants.sh [OPTION OF cargo mutants]...
#
# What became of each is left in mutants.out/.
set -eu
cd "$(dirname "$0")/.."
unset CARGO_TARGET_DIR # each copy has its own
# Debugging symbols take longer to write than the suite takes to run.
export CARGO_PROFILE_DEV_DEBUG=0 LEAP0_SUITE_PATIENCE=10

# What fails without a mutant would look like a mutant caught.
cargo test --quiet -p leap0-emulator --test suite -- the_emulator_keeps_every_rule

copies=$(mktemp -d)
# A mutant that hangs is given up, and its emulator does not heed being asked to end.
(while sleep 20; do pkill -KILL --older 200 -f "^$copies/" || true; done) &
warden=$!
trap 'kill $warden; pkill -KILL -f "^$copies/"; rm -rf "$copies"' EXIT
status=0
TMPDIR=$copies cargo mutants --config conformance/mutants.toml --test-package leap0-emulator \
    --baseline skip --jobs 2 --timeout 120 --colors never "$@" || status=$?
case $status in
    0 | 2 | 3) ;; # all were tried; 2 and 3: some were missed, some took too long
    *) exit "$status" ;;
esac

count() { wc -l < "mutants.out/$1.txt"; }
failed=$(($(count caught) + $(count timeout)))
viable=$((failed + $(count missed)))
[ "$viable" -gt 0 ] || { echo "mutants: none compiles" >&2; exit 1; }
echo "mutants: run fails $failed of $viable that compile," \
    "$((100 * failed / viable)) %; $(count unviable) do not compile"
