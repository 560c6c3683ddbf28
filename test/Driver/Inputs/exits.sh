# exits.sh CODE COMMAND…: runs the command, succeeds if it exits with CODE.
want=$1
shift
"$@"
got=$?
[ $got = $want ] || { echo "exit code $got, not $want"; exit 1; }
