import type { Command } from 'commander';
import { LOAD_DEFAULTS } from '../config/load-flags.ts';
import { listOption } from './options.ts';

/** A load that is said instead of named, for every command that takes workloads. */
export function loadOptions(command: Command): Command {
  const { connections, message } = LOAD_DEFAULTS;
  return command
    .addOption(
      listOption(
        '--connections <list>',
        `a workload of so many connections, such as 1,64,10k: every number makes one, in place of those of the profile and beside those that --workloads names (default, where another of the next five is given: ${connections})`,
      ),
    )
    .addOption(
      listOption('--active <list>', 'of these, how many carry requests: 10, 1% or all (default: all)'),
    )
    .addOption(listOption('--depth <list>', 'requests in flight on each of them (default: 1)'))
    .addOption(listOption('--message <list>', `bytes of a request, such as 64 or 64k (default: ${message})`))
    .addOption(
      listOption(
        '--rate <list>',
        'open loop: requests per second over all connections, such as 20k, or the time between two, such as 50us (default: closed loop)',
      ),
    )
    .addOption(listOption('--arrivals <list>', 'with --rate: fixed distances, or poisson (default: fixed)'));
}
