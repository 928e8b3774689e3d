import type { PythonRange, Requirements } from '@daskup/core/spec/spec';
import { parse } from 'smol-toml';
import * as z from 'zod/mini';
import { type Marker, markerOn } from './marker.ts';

const Dependency = z.object({
  name: z.string(),
  version: z.optional(z.string()),
  extra: z.optional(z.array(z.string())),
  marker: z.optional(z.string()),
});
type Dependency = z.infer<typeof Dependency>;

const Package = z.object({
  name: z.string(),
  version: z.optional(z.string()),
  source: z.record(z.string(), z.string()),
  dependencies: z._default(z.array(Dependency), []),
  'optional-dependencies': z._default(z.record(z.string(), z.array(Dependency)), {}),
});
type Package = z.infer<typeof Package>;

/** Source: uv's documentation, "Structure and files: The lockfile"; what is left out here is not needed. */
const Lock = z.object({
  version: z.literal(1),
  'requires-python': z._default(z.string(), ''),
  package: z._default(z.array(Package), []),
});

const PYPI = 'https://pypi.org/simple';

/** Ways in which a package may be needed, one of which is enough: each the markers that must all hold. */
type Ways = readonly ReadonlySet<string>[];

/**
 * What a project's lock pins for machines, as a requirements file: its dependencies without extras and groups, and
 * without the project itself.
 * @throws {Error} that says what to do, when machines cannot be given that.
 */
export function requirementsOf(text: string): Requirements {
  const lock = lockIn(text);
  const found = needed(lock.package);
  const packages = [...found.keys()].filter(({ source }) => source.virtual === undefined && !isRoot(source));
  const unreachable = packages.flatMap((each) => unreachableBy(each) ?? []);
  if (unreachable.length > 0) {
    const fix = 'Publish them where machines can fetch them, or give a container that has all (image=)';
    throw new Error(`machines cannot fetch ${unreachable.join(', ')}. ${fix}`);
  }
  if (!packages.some(({ name }) => name === 'distributed')) {
    throw new Error(
      'the project does not depend on dask and distributed, which every machine runs. uv add "dask[distributed]"',
    );
  }
  const others = new Set(
    packages.flatMap(({ source }) => ((source.registry ?? PYPI) === PYPI ? [] : [source.registry])),
  );
  const lines = [
    ...[...others].map((index) => `--extra-index-url ${index}`),
    ...packages.map((each) => lineOf(each, found.get(each) ?? [])).sort(),
  ];
  return {
    kind: 'requirements',
    text: lines.map((line) => `${line}\n`).join(''),
    python: rangeOf(lock['requires-python']),
  };
}

function lockIn(text: string): z.infer<typeof Lock> {
  try {
    const lock = Lock.safeParse(parse(text));
    if (lock.success) return lock.data;
  } catch {
    // It is no TOML.
  }
  throw new Error(
    'it is no lock of uv that this version of daskup can read. Try uv export --no-hashes -o requirements.txt, and give it that',
  );
}

/** All that the project needs on a machine, and when. */
function needed(packages: readonly Package[]): ReadonlyMap<Package, Ways> {
  const named = Map.groupBy(packages, ({ name }) => name);
  const ways = new Map<Package, Ways>();
  const known = new Map<string, Ways>();
  const members = packages.filter(({ source }) => isMember(source));
  const roots = members.filter(({ source }) => isRoot(source));
  const open: { readonly of: Package; readonly extra: string; readonly way: ReadonlySet<string> }[] = [];
  const need = (of: Package, extra: string, way: ReadonlySet<string>) => {
    const key = `${of.name} ${of.version} ${extra}`;
    const before = known.get(key) ?? [];
    if (before.some((other) => isWithin(other, way))) return;
    known.set(key, plus(before, way));
    ways.set(of, plus(ways.get(of) ?? [], way));
    open.push({ of, extra, way });
  };
  for (const root of roots.length > 0 ? roots : members) need(root, '', new Set());
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    const { of, extra, way } = each;
    for (const dependency of (extra === '' ? of.dependencies : of['optional-dependencies'][extra]) ?? []) {
      const marker: Marker = dependency.marker === undefined || markerOn(dependency.marker);
      if (marker === false) continue;
      const next = marker === true ? way : new Set([...way, marker]);
      const target = named.get(dependency.name)?.find((one) => isMeant(one, dependency));
      for (const asked of target ? ['', ...(dependency.extra ?? [])] : []) if (target) need(target, asked, next);
    }
  }
  return ways;
}

/** The ways with one more, without those that say no more than it. */
function plus(ways: Ways, way: ReadonlySet<string>): Ways {
  return [...ways.filter((other) => !isWithin(way, other)), way];
}

function isWithin(some: ReadonlySet<string>, all: ReadonlySet<string>): boolean {
  return [...some].every((one) => all.has(one));
}

function isMeant({ version }: Package, dependency: Dependency): boolean {
  return dependency.version === undefined || dependency.version === version;
}

function isMember({ virtual, editable }: Package['source']): boolean {
  return virtual !== undefined || editable !== undefined;
}

function isRoot({ virtual, editable, directory }: Package['source']): boolean {
  return [virtual, editable, directory].includes('.');
}

/** Why machines cannot fetch a package, with its name; null when they can. */
function unreachableBy({ name, source }: Package): string | null {
  if (source.git !== undefined) return `${name} (from git)`;
  const place = source.registry ?? source.url;
  return place !== undefined && /^https?:/.test(place) ? null : `${name} (from this computer)`;
}

function lineOf({ name, version, source }: Package, ways: Ways): string {
  const what = source.url === undefined ? `${name}==${version}` : `${name} @ ${source.url}`;
  const conditions = ways.map((way) => [...way].sort().join(' and ')).sort();
  return conditions.includes('') ? what : `${what} ; ${conditions.join(' or ')}`;
}

/** Minor versions of Python 3 that a specifier such as `>=3.11, <3.14` allows; null when any. Source: "Version specifiers". */
export function rangeOf(specifier: string): PythonRange | null {
  let from = 0;
  let to: number | null = null;
  const atMost = (minor: number) => {
    to = Math.min(to ?? minor, minor);
  };
  for (const [, sign = '', minor = '', patch] of specifier.matchAll(/([<>=~!]+)\s*3(?:\.(\d+))?(?:\.(\d+|\*))?/g)) {
    const number = Number(minor);
    // `<3.13` is at most 3.12, but `<3.13.2` and `<=3.13` are at most 3.13.
    if (sign === '<') atMost(Number(patch ?? 0) > 0 ? number : number - 1);
    if (sign === '<=') atMost(number);
    if (['>=', '>', '==', '===', '~='].includes(sign)) from = Math.max(from, number);
    if (['==', '==='].includes(sign) || (sign === '~=' && patch !== undefined)) atMost(number);
  }
  return from === 0 && to === null ? null : { from, to };
}
