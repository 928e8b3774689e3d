/** What a call is for, by its action; the first that fits. */
const CLASSES = {
  /** Does not count against the account's calls for this cluster: prices are kept between clusters. */
  prices: /^(pricing:|DescribeSpotPriceHistory|DescribeInstanceTypeOfferings)/,
  /** How far machines are. */
  polls: /^(DescribeInstances|GetConsoleOutput)$/,
  looks: /^(Describe|Get)/,
  launches: /^(RunInstances|CreateFleet)$/,
  tags: /^CreateTags$/,
  changes: /./,
} as const;

export type Class = keyof typeof CLASSES;
const NAMES = Object.keys(CLASSES) as Class[];

export type Calls = Readonly<Record<string, number>>;

export function sumOf(calls: Calls): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

/** How many that are neither polls, of which there are as many as it takes seconds, nor prices. */
export function needed(calls: Calls): number {
  const { polls, prices } = byClass(calls);
  return sumOf(calls) - polls - prices;
}

/** How many of each class. */
export function byClass(calls: Calls): Readonly<Record<Class, number>> {
  const sums = { prices: 0, polls: 0, looks: 0, launches: 0, tags: 0, changes: 0 };
  for (const [action, count] of Object.entries(calls)) {
    const found = NAMES.find((name) => CLASSES[name].test(action));
    if (found) sums[found] += count;
  }
  return sums;
}

/** A table as text, its columns as wide as they must be. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
