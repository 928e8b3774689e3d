import * as z from 'zod/mini';
import { checkTags, read, Tags } from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';
import type { Answer } from './xml.ts';

const Asked = z.object({
  ResourceId: z.array(z.string()),
  Tag: z._default(z.array(z.object({ Key: z.string(), Value: z.optional(z.string()) })), []),
});

const OURS = /^(i|eni|eipalloc|lt|fleet|ami|snap)-/;

/** Whether these tags are of things that we keep, not moto. */
export function areOurs(parameters: Parameters): boolean {
  const ids = parameters.ResourceId;
  return Array.isArray(ids) && ids.every((id) => typeof id === 'string' && OURS.test(id));
}

export function createTags(region: Region, parameters: Parameters): Answer {
  const asked = read(z.extend(Asked, { Tag: Tags }), parameters);
  const all = asked.ResourceId.map((id) => tagsOf(region, id));
  for (const tags of all)
    checkTags(
      new Map([
        ...[...tags].filter(([key]) => !key.startsWith('aws:')),
        ...asked.Tag.map((tag) => [tag.Key, tag.Value] as const),
      ]),
    );
  for (const tags of all) for (const { Key, Value } of asked.Tag) tags.set(Key, Value);
  return { return: true };
}

export function deleteTags(region: Region, parameters: Parameters): Answer {
  const asked = read(Asked, parameters);
  for (const tags of asked.ResourceId.map((id) => tagsOf(region, id)))
    for (const { Key, Value } of asked.Tag) if (Value === undefined || tags.get(Key) === Value) tags.delete(Key);
  return { return: true };
}

function tagsOf(region: Region, id: string): Map<string, string> {
  const tags =
    region.instances.get(id)?.tags ??
    region.interfaces.get(id)?.tags ??
    region.elastic.get(id)?.tags ??
    region.templates.get(id)?.tags ??
    region.fleets.get(id)?.tags ??
    region.images.get(id)?.tags ??
    region.snapshots.get(id)?.tags;
  if (tags) return tags;
  const kind = id.startsWith('i-') ? 'Instance' : id.startsWith('eni-') ? 'NetworkInterface' : '';
  throw new Refusal(kind === '' ? 'InvalidID' : `Invalid${kind}ID.NotFound`, `The ID '${id}' is not valid`);
}
