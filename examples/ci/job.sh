#!/bin/sh
# Did it get slower? One job for any CI: installs iomodels-bench, measures, compares with the baseline of
# the previous kernel of this host, writes a report and exits with the verdict:
#
#   0 nothing regressed      1 regressed, or a cell of the baseline is missing
#   2 usage                  3 not measured, or not comparable
#   4 inconclusive (where IOMB_COMPARE says that it fails)
#
# It measures three runs, each a third of one: how far runs lie apart is what a verdict rests on.
#
# The first job of a host finds nothing to compare with: it keeps its runs as the baseline and exits 0.
# A kernel that passes gets a baseline of its own, for the next one. One that regressed is red every
# time, until somebody accepts it with IOMB_ACCEPT=1: from then on it is compared with what was accepted.
# So is one that cannot be compared, because the machine, iomodels-bench or its options are others now.
#
# Set by environment variables; none is needed:
#
#   IOMB_OUT      folder of runs and baselines; it has to outlive the job     ./results
#   IOMB_REPORT   folder of the report: summary.md, JSON, JUnit, HTML pages   ./iomb-report
#   IOMB_URL      address that the job publishes that folder at: the summary then links its pages and shows their image
#   IOMB_RUNS     runs a side                                                    3
#   IOMB_RUN      options of each run, such as "--models epoll-*,io_uring --blocks 12"
#   IOMB_COMPARE  options of compare, such as "--detect 10% --inconclusive=pass --confirm"
#                 with --allow-missing the cells that the baseline has and this run may lack
#   IOMB_BASE     baselines to compare with, the first that there is      "previous-kernel this-kernel"
#   IOMB_ACCEPT   1: accept this run, whatever the verdict
#   IOMB_SUMMARY  file that the summary is appended to                        $GITHUB_STEP_SUMMARY
#   IOMB_BIN      an installed iomodels-bench; without it the clone that this file is in is used
#   IOMODELS_BENCH_HOST   a name for hosts that are set up anew each time (containers, rented runners)
set -euf

out=${IOMB_OUT:-./results}
report=${IOMB_REPORT:-./iomb-report}
summary=${IOMB_SUMMARY:-${GITHUB_STEP_SUMMARY:-}}

say() { printf '%s\n' "$*"; }

# Install: a clone is built once; the C helpers are compiled by the first run.
clone=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${IOMB_BIN:-}" ]; then
  IOMB_BIN=$clone/bin/iomodels-bench.js
  [ -e "$clone/dist/cli.js" ] || (cd "$clone" && npm ci --no-audit --no-fund)
fi
bench() { "$IOMB_BIN" "$@"; }

# Runs its arguments; $code is what they ended with. A verdict is no reason to stop.
attempt() { code=0; "$@" || code=$?; }

usage() { say "$*" >&2; exit 2; }

# Options first: a wrong one is told at once, and not after minutes of measuring.
case ${IOMB_ACCEPT:-0} in
  0 | 1) ;;
  *) usage "IOMB_ACCEPT=$IOMB_ACCEPT: must be 0 or 1" ;;
esac
runs=${IOMB_RUNS:-3}
case $runs in
  '' | *[!0-9]* | 0*) usage "IOMB_RUNS=$runs: must be a whole number from 1 on" ;;
esac
# Of three runs each has a third of the blocks, unless it is said how many.
share=
case "$runs ${IOMB_RUN:-}" in
  1\ * | *--blocks*) ;;
  *) share="--blocks $(((17 + runs - 1) / runs))" ;;
esac
# shellcheck disable=SC2086
attempt bench run --results "$out" $share ${IOMB_RUN:-} --dry-run >/dev/null
[ "$code" -eq 0 ] || exit "$code"
# shellcheck disable=SC2086
attempt bench compare base current --results "$out" ${IOMB_COMPARE:-} --dry-run >/dev/null
[ "$code" -eq 0 ] || exit "$code"

mkdir -p "$out" "$report"
for file in summary.md comparison.md comparison.html iomodels-bench.json iomodels-bench.md junit.xml report.html chart.svg; do
  rm -f "$report/$file"
done

# The first baseline that there is; before the run, so that a wrong name is told at once. 3: this host
# has none of that kind yet.
base=
own=$(bench baseline show this-kernel --results "$out" --path 2>/dev/null) || own=
case ${IOMB_BASE:-}$own in
  /*/accepted) references=this-kernel ;;
  *) references=${IOMB_BASE:-previous-kernel this-kernel} ;;
esac
for reference in $references; do
  attempt bench baseline show "$reference" --results "$out" --path >/dev/null 2>"$report/base.log"
  case $code in
    0) base=baseline:$reference; break ;;
    3) ;;
    *) cat "$report/base.log" >&2; exit "$code" ;;
  esac
done

# Run. IOMB_RUN is split at spaces, and no glob in it is expanded: its globs are of models.
failed=0 measured='' sides=''
while [ "$runs" -gt 0 ]; do
  runs=$((runs - 1))
  # shellcheck disable=SC2086
  attempt bench run --results "$out" $share ${IOMB_RUN:-} >"$report/run.txt"
  cat "$report/run.txt"
  run=$(sed -n 's/^stored in //p' "$report/run.txt")
  case $code in
    0) ;;
    1) failed=1 ;; # some trials failed: the others are compared, but that is no success
    *) exit "$code" ;;
  esac
  # By its id, not its folder: that may have blanks or commas in it.
  run=${run##*/}
  measured="$measured $run" sides="${sides:+$sides,}$run"
done

# Compare. JSON and JUnit hold the verdicts where there are any, else the run alone.
verdict=0
: >"$report/compare.log"
if [ -n "$base" ]; then
  # shellcheck disable=SC2086
  attempt bench compare "$base" "$sides" --results "$out" ${IOMB_COMPARE:-} \
    --export "json,junit=$report" --export "markdown=$report/comparison.md" \
    --report "$report/comparison.html" 2>"$report/compare.log"
  cat "$report/compare.log" >&2
  verdict=$code
fi
formats=markdown
[ -e "$report/comparison.md" ] || formats=json,junit,markdown
bench export "$run" --results "$out" --format "$formats" --output "$report/"
# The verdict is told without its pictures as well.
attempt bench report "$run" --results "$out" --output "$report/report.html" --image "$report/chart.svg"
[ "$verdict" -ne 0 ] || [ "$failed" -eq 0 ] || verdict=3

case $verdict in
  0) if [ -n "$base" ]; then text='nothing regressed'; else text='no baseline yet: nothing to compare with'; fi ;;
  1) text=$(sed -n 's/^\(missing: [0-9]*\) .*/\1 of what the baseline has/p' "$report/compare.log")
     text=${text:-regressed} ;;
  3) if [ "$failed" -eq 1 ]; then text='some trials failed'; else text='not comparable'; fi ;;
  4) text='inconclusive' ;;
  *) text="compare ended with exit code $verdict" ;;
esac

# A kernel that passes and has no baseline yet gets this run; one that is accepted gets it in any case.
kept=
case ${IOMB_ACCEPT:-0}$failed$verdict in
  10[0134]) name=accepted verdict=0 ;;
  ??0) if [ -z "$own" ]; then name=ci; else name=; fi ;;
  *) name= ;;
esac
if [ -n "$name" ]; then
  # Whoever accepts a run accepts what it lacks; no other run takes the place of one that has more.
  allowed=; [ "$name" != accepted ] || allowed='--allow-missing=*'
  # shellcheck disable=SC2086
  bench baseline save "$name" $measured --results "$out" --force ${allowed:+"$allowed"}
  kept="This run is now the baseline $name of kernel $(uname -r)."
fi

# Summary: the verdict, why there is none, and the tables of the comparison and of the run.
{
  say "## I/O models on $(uname -r): $text"
  say
  [ -z "$base" ] || say "Compared with $base."
  [ -z "$kept" ] || say "$kept"
  case $failed$verdict in
    01 | 03) say 'To make this run the measure, run this job once with `IOMB_ACCEPT=1`.' ;;
  esac
  case $verdict in 0 | 1 | 4) ;; *) sed 's/^/    /' "$report/compare.log" ;; esac
  # GitHub shows images by their address alone; without one the charts of the tables are characters.
  if [ -n "${IOMB_URL:-}" ]; then
    say
    [ ! -e "$report/comparison.html" ] || say "- [Comparison with charts]($IOMB_URL/comparison.html)"
    [ ! -e "$report/report.html" ] || say "- [Run with charts]($IOMB_URL/report.html)"
    say
    [ ! -e "$report/chart.svg" ] || say "![Requests served beside the reference]($IOMB_URL/chart.svg)"
  fi
  for tables in comparison.md iomodels-bench.md; do
    [ ! -e "$report/$tables" ] || { say; sed 's/^#/##/' "$report/$tables"; }
  done
} >"$report/summary.md"
[ -z "$summary" ] || cat "$report/summary.md" >>"$summary"

say "$text${kept:+. $kept}"
say "report in $report, runs in$measured"
exit "$verdict"
