/** Every page of an answer that comes in pages; EC2 ends with an empty token, others with none. */
export async function* pages<T extends { readonly NextToken?: string | undefined }>(
  ask: (NextToken: string | undefined) => Promise<T>,
): AsyncGenerator<T> {
  let token: string | undefined;
  do {
    const page = await ask(token);
    yield page;
    token = page.NextToken || undefined;
  } while (token);
}

/** All that the pages of an answer have. */
export async function collected<T extends { readonly NextToken?: string | undefined }, I>(
  ask: (NextToken: string | undefined) => Promise<T>,
  itemsOf: (page: T) => readonly I[] | undefined,
): Promise<readonly I[]> {
  const items: I[] = [];
  for await (const page of pages(ask)) items.push(...(itemsOf(page) ?? []));
  return items;
}

/** An EC2 filter takes so many values. */
const MOST_VALUES = 200;

/** The values in as few filters as hold them. */
export function batches(values: readonly string[]): string[][] {
  const all: string[][] = [];
  for (let i = 0; i < values.length; i += MOST_VALUES) all.push(values.slice(i, i + MOST_VALUES));
  return all;
}
