/** A call's parameters as EC2's query protocol nests them: `Filter.1.Value.2=x` is the second value of the first filter. */
export type Parameters = { readonly [name: string]: Parameter };
export type Parameter = string | readonly Parameter[] | Parameters;

type Tree = { [name: string]: Tree | string };

/** The parameters in a form-encoded body, `Action` and `Version` included. */
export function parse(body: string): Parameters {
  const tree: Tree = Object.create(null);
  for (const [path, value] of new URLSearchParams(body)) {
    const names = path.split('.');
    const last = names.pop() ?? path;
    let at = tree;
    for (const name of names) {
      const known = at[name];
      const next: Tree = typeof known === 'object' ? known : Object.create(null);
      at[name] = next;
      at = next;
    }
    at[last] = value;
  }
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, listed(value)]));
}

/** Numbered parts are a list, in their order. */
function listed(value: Tree | string): Parameter {
  if (typeof value === 'string') return value;
  const entries = Object.entries(value).map(([name, part]) => [name, listed(part)] as const);
  if (entries.every(([name]) => /^\d+$/.test(name)))
    return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, part]) => part);
  return Object.fromEntries(entries);
}
