import * as z from 'zod/mini';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Answer } from './xml.ts';

/** Numbers and flags travel as text. */
export const Num = z.pipe(z.string().check(z.regex(/^-?\d+(\.\d+)?$/)), z.transform(Number));
export const Flag = z.pipe(
  z.enum(['true', 'false']),
  z.transform((text) => text === 'true'),
);
export const Texts = z._default(z.array(z.string()), []);

export const Tags = z._default(z.array(z.object({ Key: z.string(), Value: z._default(z.string(), '') })), []);
export const TagSpecifications = z._default(z.array(z.object({ ResourceType: z.string(), Tag: Tags })), []);
export type TagSpecifications = z.infer<typeof TagSpecifications>;

export const Filters = z._default(z.array(z.object({ Name: z.string(), Value: Texts })), []);
export type Filters = z.infer<typeof Filters>;

export const Paged = z.object({ MaxResults: z.optional(Num), NextToken: z.optional(z.string()) });

/**
 * The parameters of a call as its schema says.
 * @throws {Refusal} when they are not.
 */
export function read<S extends z.ZodMiniType>(schema: S, parameters: Parameters): z.infer<S> {
  const parsed = schema.safeParse(parameters);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  if (issue?.code === 'invalid_type' && valueAt(parameters, issue.path) === undefined)
    throw new Refusal('MissingParameter', `The request must contain the parameter ${path}`);
  throw new Refusal('InvalidParameterValue', `Invalid value for parameter ${path}: ${issue?.message}`);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, name) => (at as Record<PropertyKey, unknown> | undefined)?.[name], value);
}

/**
 * Each creating call tags what it makes, and nothing else.
 * @throws {Refusal} for another kind of thing.
 */
export function checkKinds(specifications: TagSpecifications, ...kinds: readonly string[]): void {
  const other = specifications.find(({ ResourceType }) => !kinds.includes(ResourceType));
  if (other)
    throw new Refusal(
      'InvalidParameterValue',
      `'${other.ResourceType}' is not a valid taggable resource type for this operation.`,
    );
}

/** The tags a creating call gives to one kind of thing. */
export function tagsFor(kind: string, specifications: TagSpecifications): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const { ResourceType, Tag } of specifications) {
    if (ResourceType !== kind) continue;
    // Source: EC2 user guide, "Tag restrictions": each key once.
    const twice = Tag.find(({ Key }, i) => Tag.findIndex((other) => other.Key === Key) !== i);
    if (twice) throw new Refusal('InvalidParameterValue', `Duplicate tag key '${twice.Key}' specified.`);
    for (const { Key, Value } of Tag) tags.set(Key, Value);
  }
  checkTags(tags);
  return tags;
}

/**
 * Source: EC2 user guide, "Tag restrictions".
 * @throws {Refusal} for tags EC2 does not take.
 */
export function checkTags(tags: ReadonlyMap<string, string>): void {
  if (tags.size > 50)
    throw new Refusal('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.');
  for (const [key, value] of tags) {
    if (key.startsWith('aws:'))
      throw new Refusal('InvalidParameterValue', `Tag keys starting with 'aws:' are reserved for internal use`);
    if (key.length > 128 || key === '')
      throw new Refusal('InvalidParameterValue', `Tag key '${key}' must be between 1 and 128 characters`);
    if (value.length > 256)
      throw new Refusal('InvalidParameterValue', `Tag value of '${key}' exceeds the maximum length of 256 characters`);
  }
}

export function tagSet(tags: ReadonlyMap<string, string>): Answer {
  return [...tags].map(([key, value]) => ({ key, value }));
}

/**
 * Whether all filters match: any of a filter's values, `*` and `?` standing for any text and any character.
 * @param valuesOf a thing's values under a filter's name; undefined for a name EC2 does not have.
 * @throws {Refusal} for a filter that there is not.
 */
export function matches(filters: Filters, valuesOf: (name: string) => readonly string[] | undefined): boolean {
  return filters.every(({ Name, Value }) => {
    const values = valuesOf(Name);
    if (!values) throw new Refusal('InvalidParameterValue', `The filter '${Name}' is invalid`);
    return Value.some((pattern) => values.some((value) => fits(pattern, value)));
  });
}

/** Whether a text is as a pattern says, in which `*` stands for any text and `?` for any character. */
export function fits(pattern: string, value: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === value;
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
}

/** The values of a thing's tags under `tag:NAME`, `tag-key` and `tag-value`; undefined for any other filter. */
export function tagValues(tags: ReadonlyMap<string, string>, name: string): readonly string[] | undefined {
  if (name === 'tag-key') return [...tags.keys()];
  if (name === 'tag-value') return [...tags.values()];
  if (!name.startsWith('tag:')) return undefined;
  const value = tags.get(name.slice(4));
  return value === undefined ? [] : [value];
}

/**
 * One page of a list.
 * @param most how many EC2 gives when nobody says.
 * @throws {Refusal} for a token that no page gave.
 */
export function page<T>(
  list: readonly T[],
  { MaxResults, NextToken }: z.infer<typeof Paged>,
  most = Number.POSITIVE_INFINITY,
): { readonly items: readonly T[]; readonly nextToken: string | undefined } {
  const from = NextToken === undefined ? 0 : Number(Buffer.from(NextToken, 'base64').toString());
  if (!Number.isSafeInteger(from) || from < 0)
    throw new Refusal('InvalidNextToken', `The token '${NextToken}' is invalid`);
  const to = Math.min(list.length, from + Math.min(MaxResults ?? most, most));
  return {
    items: list.slice(from, to),
    nextToken: to < list.length ? Buffer.from(String(to)).toString('base64') : undefined,
  };
}
