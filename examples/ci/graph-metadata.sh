#!/usr/bin/env bash
# For cron, which mails what this prints, in a clone of your fork that nobody works in:
#   17 5 * * 1  /path/to/graph-metadata.sh /path/to/clone
# It pushes a branch of its own for each update that changes what you generate, and prints the report. Run it as
# a user who can do no more than push branches: it runs the tests of what others wrote.
set -euo pipefail
cd "$1"

round="$(mktemp -d)"
trap 'rm -rf "$round"' EXIT
branch="graph-metadata-$(date --utc +%F)"

git fetch --quiet origin
git switch --quiet --force-create "$branch" --no-track --discard-changes origin/HEAD
if ! make update METADATA='https://graph.microsoft.com/v1.0/$metadata' REPORT="$round/report.md" >"$round/log" 2>&1; then
  echo "The metadata cannot be taken:"
  tail -n 40 "$round/log"
  exit 1
fi
git add --all metadata generated docs/api.md
if git diff --cached --quiet; then exit 0; fi
git commit --quiet --message "Update to Graph's metadata of $(date --utc +%F)"
if make test >"$round/log" 2>&1; then
  echo "The tests pass. Pushed as $branch:"
else
  echo "THE TESTS FAIL. Pushed as $branch all the same:"
  tail -n 40 "$round/log"
fi
git push --quiet --force origin "$branch"
echo
cat "$round/report.md"
