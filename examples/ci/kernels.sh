#!/bin/sh
# Does a kernel make the path of a request longer? One job for any CI: boots a kernel and a candidate in guests of
# QEMU on this machine, counts the instructions that a request takes in each, writes a report and exits with the
# verdict. Neither root, nor KVM, nor a quiet machine is needed, and no runner has to be rebooted:
#
#   0 passed: no path is longer          1 longer, or something that runs under the base does not run any more
#   2 usage                              3 not measured: a guest broke, QEMU or a kernel is missing
#   4 inconclusive (IOMB_COMPARE='--inconclusive=pass' makes it 0): more boots decide
#   130 interrupted                      143 terminated
#
#   examples/ci/kernels.sh linux-image-6.12.120-amd64.deb       the package that is to be released
#
# A kernel is host (the running kernel's image, as its package installed it), a path of an image, a package (.deb), a
# folder that holds an unpacked one or a built tree, a release of "kernels list", or debian:<suite or release>, which is
# fetched. Its image is all that is taken of it: what a guest boots has to be built in, not in modules.
#
# Set by environment variables; none is needed but the candidate, which may be the argument:
#
#   IOMB_CANDIDATE  the kernel that is judged                           the argument
#   IOMB_BASE       the kernel that it is judged by                     host
#   IOMB_MODELS     models or globs                                     blocking,poll,epoll-lt,io_uring
#   IOMB_WORKLOADS  workloads or globs                                  ping-pong,fifty-connections
#   IOMB_SMP        CPUs of the guests, 1 or 2                          1
#   IOMB_BOOTS      boots of each kernel                                3
#   IOMB_DETECT     how much longer a path may get                      0.5% with one connection, 2% with more
#   IOMB_RUN        further options of kernels run, such as "--qemu /opt/qemu/bin/qemu-system-x86_64 --jobs 1"
#   IOMB_COMPARE    further options of kernels compare, such as "--metrics syscalls* --allow-missing io_uring"
#   IOMB_OUT        folder of the runs: what was measured, and what every guest said     ./results
#   IOMB_REPORT     folder of the report: summary.md, comparison.md, report.html, kernels.json, junit.xml    ./iomb-report
#   IOMB_SUMMARY    file that the summary is appended to                $GITHUB_STEP_SUMMARY
#   IOMB_BIN        an installed iomodels-bench; without it the clone that this file is in is used
#
# QEMU, kernels and compiled programs are kept in $XDG_CACHE_HOME/iomodels-bench (~/.cache): keep that between jobs.
set -euf

base=${IOMB_BASE:-host}
candidate=${1:-${IOMB_CANDIDATE:-}}
smp=${IOMB_SMP:-1}
out=${IOMB_OUT:-./results}
report=${IOMB_REPORT:-./iomb-report}
summary=${IOMB_SUMMARY:-${GITHUB_STEP_SUMMARY:-}}

say() { printf '%s\n' "$*"; }
end() { code=$1; shift; say "$*" >&2; exit "$code"; }

[ $# -le 1 ] || end 2 'name one candidate: what it is judged by is IOMB_BASE'
[ -n "$candidate" ] || end 2 'no candidate: name a kernel as argument or by IOMB_CANDIDATE'
case $smp in 1 | 2) ;; *) end 2 "IOMB_SMP=$smp: must be 1 or 2" ;; esac

# Install: a clone is built once; what runs in guests is compiled by the first run.
clone=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${IOMB_BIN:-}" ]; then
  IOMB_BIN=$clone/bin/iomodels-bench.js
  [ -e "$clone/dist/cli.js" ] || (cd "$clone" && npm ci --no-audit --no-fund)
fi
bench() { "$IOMB_BIN" "$@"; }

# Runs its arguments; $code is what they ended with. A verdict is no reason to stop.
attempt() { code=0; "$@" || code=$?; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What judges: the path length, and what IOMB_COMPARE names beside it.
compare() {
  # shellcheck disable=SC2086
  bench kernels compare "$@" --results "$out" --smp "$smp" --metrics guestInstructionsPerRequest \
    ${IOMB_DETECT:+--detect "$IOMB_DETECT"} ${IOMB_COMPARE:-}
}

# Options first: a wrong one is told at once, and not after minutes of measuring.
attempt compare --dry-run
[ "$code" -eq 0 ] || exit "$code"

# QEMU of --qemu or PATH, else that of Debian 13, which is fetched once.
case " ${IOMB_RUN:-} " in
  *' --qemu'*) ;;
  *) bench kernels list | grep -q '^QEMU [0-9]' || bench kernels get qemu || end 3 'no QEMU that can be used' ;;
esac

# Makes what is named something that --kernel takes: $kernel.
kernel_of() {
  kernel=$1
  case $1 in
    debian:*)
      attempt bench kernels get "$1" >"$work/got"
      [ "$code" -eq 0 ] || exit "$code"
      kernel=$(sed -n 's/^[^ ]*: //p; s/^[^ ]*, there already: //p' "$work/got") ;;
    *.deb)
      [ -f "$1" ] || end 2 "$1: there is no such package"
      kernel=$work/$2
      dpkg-deb --extract "$1" "$kernel" || end 3 "$1 cannot be unpacked" ;;
  esac
}
kernel_of "$base" base
base_kernel=$kernel
kernel_of "$candidate" candidate

set -- --kernel "$base_kernel" --kernel "$kernel" --smp "$smp" --boots "${IOMB_BOOTS:-3}" --results "$out" \
  ${IOMB_MODELS:+--models "$IOMB_MODELS"} ${IOMB_WORKLOADS:+--workloads "$IOMB_WORKLOADS"}
# shellcheck disable=SC2086
attempt bench kernels run "$@" ${IOMB_RUN:-} --dry-run >/dev/null
[ "$code" -eq 0 ] || exit "$code"

mkdir -p "$out" "$report"
for file in summary.md comparison.md report.html kernels.json junit.xml; do rm -f "$report/$file"; done

# Run. 1: a boot broke, or a trial failed: the others are compared, but that is no success.
# shellcheck disable=SC2086
attempt bench kernels run "$@" ${IOMB_RUN:-} >"$work/run.txt"
cat "$work/run.txt"
case $code in 0 | 1) failed=$code ;; *) exit "$code" ;; esac
series=$(sed -n 's/^stored in .*; kernels compare \([0-9a-f-]*\) .*/\1/p' "$work/run.txt")
[ -n "$series" ] || end 3 'nothing was measured'

# Compare: the matrix and what explains it, the verdicts one by one, and all of it as data.
attempt compare "$series" --markdown --export "junit=$report/junit.xml" \
  --export "markdown=$report/comparison.md" --report "$report/report.html" >"$work/matrix.md" 2>"$work/compare.log"
cat "$work/compare.log" >&2
verdict=$code
# It ends with the verdict again.
attempt compare "$series" --json >"$report/kernels.json" 2>/dev/null
[ "$verdict" -ne 0 ] || [ "$failed" -eq 0 ] || verdict=3

case $verdict in
  0) text='no path is longer' ;;
  1) text=$(sed -n 's/^\(missing: [0-9]*\) .*/\1 of what the base has/p' "$work/compare.log")
     text=${text:-the path of a request is longer} ;;
  3) if [ "$failed" -eq 1 ]; then text='some boots or trials failed'; else text='not comparable'; fi ;;
  4) text='inconclusive' ;;
  *) text="kernels compare ended with exit code $verdict" ;;
esac

{
  say "## $candidate against $base: $text"
  say
  case $verdict in 0 | 1 | 4) ;; *) sed 's/^/    /' "$work/compare.log" ;; esac
  sed 's/^#/##/' "$work/matrix.md"
} >"$report/summary.md"
[ -z "$summary" ] || cat "$report/summary.md" >>"$summary"

say "$text"
say "report in $report, runs in $out, series $series"
exit "$verdict"
