import { gunzipSync, gzipSync } from 'node:zlib';
import type { ResourceType, Tag, TagSpecification } from '@aws-sdk/client-ec2';
import type { Offer } from '@daskup/core/plan/offer';
import type { ClusterIdentity, MachineTags } from '@daskup/core/provision/provider';
import type { Tag as UserTag } from '@daskup/core/spec/tag';
import * as z from 'zod/mini';

export const INSTALLATION = 'daskup:installation';
export const CLUSTER_ID = 'daskup:cluster-id';
export const TOKEN = 'daskup:token';

/** A tag's value holds no more characters. Source: EC2 user guide, "Tag restrictions". */
const VALUE_LENGTH = 256;
const OURS = 'daskup:';
const OFFERS = 'daskup:offers.';

const Carried = z.object({
  installation: z.string(),
  'cluster-id': z.string(),
  cluster: z.string(),
  owner: z.string(),
  region: z.string(),
  role: z.enum(['scheduler', 'worker']),
  'expires-at': z.coerce.number(),
  token: z.string(),
});

/** What everything of a cluster carries. */
export function clusterTags({ installation, clusterId, clusterName, owner, region }: ClusterIdentity): readonly Tag[] {
  return [
    { Key: 'Name', Value: `daskup ${clusterName}` },
    { Key: INSTALLATION, Value: installation },
    { Key: CLUSTER_ID, Value: clusterId },
    { Key: 'daskup:cluster', Value: clusterName },
    { Key: 'daskup:owner', Value: owner },
    { Key: 'daskup:region', Value: region },
  ];
}

/** What all workers of a cluster carry alike, and its scheduler: their disks and interfaces too. */
export function roleTags(tags: MachineTags): readonly Tag[] {
  return [
    ...clusterTags(tags).filter(({ Key }) => Key !== 'Name'),
    { Key: 'Name', Value: `daskup ${tags.clusterName} ${tags.role}` },
    { Key: 'daskup:role', Value: tags.role },
  ];
}

/** What a machine carries besides, of the launch that made it. */
export function machineTags(tags: MachineTags): readonly Tag[] {
  return [
    ...roleTags(tags),
    { Key: 'daskup:expires-at', Value: String(tags.expiresAt) },
    { Key: TOKEN, Value: tags.token },
  ];
}

/** Reads {@link machineTags} back; null where they are not whole, as of what is not ours. */
export function machineTagsOf(tags: readonly Tag[]): MachineTags | null {
  const read = Carried.safeParse(
    Object.fromEntries(
      tags.flatMap(({ Key = '', Value = '' }) => (Key.startsWith(OURS) ? [[Key.slice(OURS.length), Value]] : [])),
    ),
  );
  if (!read.success) return null;
  const { installation, owner, region, role, token } = read.data;
  return {
    installation,
    clusterId: read.data['cluster-id'],
    clusterName: read.data.cluster,
    owner,
    region,
    role,
    expiresAt: read.data['expires-at'],
    token,
  };
}

/**
 * What a launch could have taken, so that any reader of a machine knows its price and size with nothing else at hand:
 * EC2 tags all machines of a launch alike, and chooses itself which offer each of them is.
 */
export function offerTags(offers: readonly Offer[]): readonly Tag[] {
  // The same offers are the same tags, in whatever order a database gives their fields: they are part of a repeatable call.
  const fields = [...new Set(offers.flatMap((offer) => Object.keys(offer)))].toSorted();
  const text = gzipSync(JSON.stringify(offers, fields), { level: 9 }).toString('base64');
  const parts = Array.from({ length: Math.ceil(text.length / VALUE_LENGTH) }, (_, i) =>
    text.slice(i * VALUE_LENGTH, (i + 1) * VALUE_LENGTH),
  );
  return parts.map((Value, i) => ({ Key: `${OFFERS}${i}`, Value }));
}

/** Reads {@link offerTags} back; empty where there are none, or somebody has changed them. */
export function offersOf(tags: readonly Tag[]): readonly Offer[] {
  const values = new Map(tags.map(({ Key, Value }) => [Key, Value]));
  let text = '';
  for (let i = 0; values.has(`${OFFERS}${i}`); i++) text += values.get(`${OFFERS}${i}`);
  return text === '' ? [] : unpacked(text);
}

/** All machines of a launch carry the same, and are read every second: what was unpacked last is kept. */
const KEPT = 256;
const kept = new Map<string, readonly Offer[]>();

function unpacked(text: string): readonly Offer[] {
  const known = kept.get(text);
  if (known) return known;
  for (const oldest of kept.keys()) {
    if (kept.size < KEPT) break;
    kept.delete(oldest);
  }
  const offers = unpack(text);
  kept.set(text, offers);
  return offers;
}

function unpack(text: string): readonly Offer[] {
  try {
    return JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString()) as readonly Offer[];
  } catch {
    return [];
  }
}

/** Ours and the user's own. A name that a user gives stands in place of the one that we show. */
export function withUserTags(ours: readonly Tag[], userTags: readonly UserTag[]): readonly Tag[] {
  const theirs = userTags.map(({ key, value }) => ({ Key: key, Value: value }));
  return [...ours.filter(({ Key }) => !theirs.some((tag) => tag.Key === Key)), ...theirs];
}

/** The same tags for several kinds of things that one call makes. */
export function tagged(tags: readonly Tag[], ...kinds: readonly ResourceType[]): TagSpecification[] {
  return kinds.map((ResourceType) => ({ ResourceType, Tags: [...tags] }));
}
