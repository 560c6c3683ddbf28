#!/bin/sh
# Writes test/Errors/*.tw.expected anew: what the command of each program's RUN line says now. Usage: utils/update-expected.sh [BUILD]
set -u
PATH=$(cd "${1:-build}" && pwd)/bin:$PATH
cd "$(dirname "$0")/../test/Errors" || exit 1
for program in *.tw; do
  command=$(sed -n 's/^.*RUN:.* not \(talweg .*\) 2>&1.*$/\1/p' "$program")
  ${command:-talweg check "$program"} >"$program.expected" 2>&1 && echo "$program: nothing is wrong with it"
done
exit 0
