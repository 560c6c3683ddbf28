#!/bin/sh
# Writes test/Errors/*.tw.expected anew from what `talweg check` says now. Usage: utils/update-expected.sh [BUILD]
set -u
cd "$(dirname "$0")/../test/Errors" || exit 1
talweg=$(cd "../../${1:-build}" && pwd)/bin/talweg
for program in *.tw; do
  "$talweg" check "$program" >"$program.expected" 2>&1 && echo "$program: nothing is wrong with it"
done
exit 0
