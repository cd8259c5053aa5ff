#!/bin/sh
# Is the candidate kernel longer on the path of a request? One job for any CI: boots the kernel that the distribution
# has installed and the candidate in guests, measures the same in both, and exits with the verdict:
#
#   0 no path is longer      1 regressed, or a row no longer runs     2 usage
#   3 not measured: no QEMU, no kernel, boots that broke               4 inconclusive
#
# It needs neither root nor KVM nor a quiet machine: what is compared is executed instructions. For what costs time and
# no instructions (hardware, firmware, mitigations, sysctls) job.sh measures the host itself.
#
# Set by environment variables:
#
#   IOMB_CANDIDATE  the kernel that is judged: a vmlinuz, a folder, a release, or what kernels get fetches,
#                   such as debian:sid. It has to be said
#   IOMB_BASE       what it is compared with, likewise                          host
#   IOMB_OUT        folder of runs                                             ./results
#   IOMB_REPORT     folder of the report: report.md, JSON, JUnit               ./iomb-report
#   IOMB_RUN        options of kernels run, such as "--models epoll-*,io_uring --boots 5"
#   IOMB_COMPARE    options of kernels compare, such as "--detect 1%"
#   IOMB_BIN        an installed iomodels-bench; without it the clone that this file is in is used
set -euf

out=${IOMB_OUT:-./results}
report=${IOMB_REPORT:-./iomb-report}
base=${IOMB_BASE:-host}
candidate=${IOMB_CANDIDATE:-}

say() { printf '%s\n' "$*"; }
usage() { say "$*" >&2; exit 2; }
[ -n "$candidate" ] || usage "IOMB_CANDIDATE names no kernel: a vmlinuz, a folder, a release, or debian:<suite>"

clone=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${IOMB_BIN:-}" ]; then
  IOMB_BIN=$clone/bin/iomodels-bench.js
  [ -e "$clone/dist/cli.js" ] || (cd "$clone" && npm ci --no-audit --no-fund)
fi
bench() { "$IOMB_BIN" "$@"; }

# Runs its arguments; $code is what they ended with. A verdict is no reason to stop.
attempt() { code=0; "$@" || code=$?; }

# What is to be fetched is: the name of a kernel that was got is its release, the last word of the line.
kernel() {
  case $1 in
    debian:*) bench kernels get "$1" --json | sed -n 's/^ *"release": "\(.*\)",*$/\1/p' | head -n 1 ;;
    *) say "$1" ;;
  esac
}
attempt bench kernels list --json >/dev/null
[ "$code" -eq 0 ] || exit "$code"
base=$(kernel "$base") candidate=$(kernel "$candidate")
[ -n "$base" ] && [ -n "$candidate" ] || { say 'a kernel could not be fetched: see above' >&2; exit 3; }

# Options first: a wrong one is told at once.
# shellcheck disable=SC2086
attempt bench kernels run --kernel "$base" --kernel "$candidate" --results "$out" ${IOMB_RUN:-} --dry-run >/dev/null
[ "$code" -eq 0 ] || exit "$code"

mkdir -p "$out" "$report"
rm -f "$report/report.md" "$report/kernels.json"
# shellcheck disable=SC2086
attempt bench kernels run --kernel "$base" --kernel "$candidate" --results "$out" ${IOMB_RUN:-} --json >"$report/kernels.json"
# Some boots broke: no verdict rests on the others.
[ "$code" -ne 1 ] || code=3
[ "$code" -eq 0 ] || exit "$code"

# The newest series; its boots with one CPU tell the sides apart, and are what JUnit holds.
# shellcheck disable=SC2086
attempt bench kernels compare --results "$out" ${IOMB_COMPARE:-} --markdown >"$report/report.md"
cat "$report/report.md"
verdict=$code
for smp in 1 2; do
  # shellcheck disable=SC2086
  bench kernels compare --results "$out" ${IOMB_COMPARE:-} --smp "$smp" --export "junit=$report/junit-smp$smp.xml" \
    >/dev/null 2>&1 || true
done
exit "$verdict"
