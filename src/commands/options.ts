import { Option } from 'commander';

/** An option that holds a comma list: given again it adds to the list, for a list that is cut is a silent loss. */
export function listOption(flags: string, description: string): Option {
  return new Option(flags, `${description}; may be repeated`).argParser(addToList);
}

function addToList(value: string, previous: string | undefined): string {
  return previous === undefined ? value : `${previous},${value}`;
}

/** The folder of runs, for every command that reads or writes them. */
export function resultsOption(): Option {
  return new Option('--results <folder>', 'folder that holds the runs').default('./results');
}

/** `--wait`, of every command that measures. @param when it means something; default: always. */
export function waitOption(when = ''): Option {
  return new Option(
    '--wait',
    `${when}wait for another run that measures on the same CPUs, instead of an error`,
  );
}
