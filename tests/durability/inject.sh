#!/bin/sh
# inject.sh DURABILITY_TOOL [TIMES]
# Lets the n-th write, sync, truncation or unlink of a writer fail, or kill it there, for n = 1 to
# TIMES, and checks after each run that everything acknowledged is stored. Exit 77: not possible here.
set -eu
tool=$1
times=${2:-3}

if ! strace -o /dev/null true 2>/dev/null; then
  echo "skipped: strace is missing or may not trace here"
  exit 77
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT INT TERM
runs=0

run() {  # SYSCALL FAULT N [BATCHES]
  rm -rf "$dir/store" "$dir/acks" "$dir/acks2"
  # The writer may be killed or may end by itself; the check is what counts.
  strace -f -qq -o /dev/null -e trace="$1" -e inject="$1:$2:when=$3" \
    "$tool" write "$dir/store" 0 "${4:-60}" >"$dir/acks" 2>"$dir/log" || true
  "$tool" write "$dir/store" 1 20 >"$dir/acks2" 2>>"$dir/log" || {
    echo "after $1 $2 at call $3 the store does not open"
    cat "$dir/log"
    exit 1
  }
  if ! "$tool" check "$dir/store" "$dir/acks" "$dir/acks2" >"$dir/report" 2>>"$dir/log"; then
    echo "after $1 $2 at call $3: $(cat "$dir/report")"
    cat "$dir/log"
    exit 1
  fi
  runs=$((runs + 1))
}

n=1
while [ "$n" -le "$times" ]; do
  for fault in error=ENOSPC error=EIO signal=KILL; do
    run pwritev "$fault" "$n"
  done
  for fault in error=EIO error=ENOSPC signal=KILL; do
    run fdatasync "$fault" "$n"
  done
  run fsync error=EIO "$n"
  run fsync signal=KILL "$n"
  run ftruncate error=EIO "$n"
  run openat signal=KILL "$((n + 40))"
  # The calls of segments, of the first ones and of those that are merged.
  for at in "$n" "$((n + 8))"; do
    for fault in error=ENOSPC error=EIO signal=KILL; do
      run pwrite64 "$fault" "$at" 300
      run rename "$fault" "$at" 300
    done
    run fsync error=EIO "$((2 * at + 3))" 300
    run fsync signal=KILL "$((2 * at + 3))" 300
    run unlink error=EIO "$at" 300
    run unlink signal=KILL "$at" 300
  done
  n=$((n + 1))
done
echo "$runs runs, nothing acknowledged was lost"
