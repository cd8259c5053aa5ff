/** Where a function of the kernel begins. */
export interface TextSymbol {
  readonly address: bigint;
  readonly name: string;
}

/** Reads the text of the lines `symbols`, joined; see `symbolsSchema`. Throws `RangeError` where a line is none. */
export function parseSymbols(text: string): TextSymbol[] {
  let address = 0n;
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, minus, delta = '', name = ''] = /^(-?)([0-9a-f]{1,16}) (\S+)$/.exec(line) ?? [];
      if (name === '') throw new RangeError(`${JSON.stringify(line)} is no symbol`);
      address += minus ? -BigInt(`0x${delta}`) : BigInt(`0x${delta}`);
      return { address, name };
    });
}
