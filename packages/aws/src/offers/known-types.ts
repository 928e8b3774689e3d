import { readFileSync } from 'node:fs';
import type { InstanceType } from './instance-type.ts';

/**
 * EC2 answers a hundred types a page, and has more than a thousand: fourteen calls before the first machine. What a type is
 * never changes, so those there were when `instance-types.tsv` was made come with daskup, and only newer ones are asked for.
 */
export const TYPES_FILE = new URL('instance-types.tsv', import.meta.url);

const COLUMNS = ['type', 'architecture', 'vcpus', 'memoryGiB', 'gpus', 'gpuKind', 'ssdGiB', 'byNameOnly'] as const;

/** The types that come with daskup, by name. Reads a file each time. */
export function knownTypes(): ReadonlyMap<string, InstanceType> {
  const [, ...lines] = readFileSync(TYPES_FILE, 'utf8').trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [type = '', architecture, vcpus, memoryGiB, gpus, gpuKind, ssdGiB, byNameOnly] = line.split('\t');
      const known: InstanceType = {
        type,
        architecture: architecture === 'arm64' ? 'arm64' : 'x86_64',
        vcpus: Number(vcpus),
        memoryGiB: Number(memoryGiB),
        gpus: Number(gpus),
        gpuKind: gpuKind || null,
        ssdGiB: Number(ssdGiB),
        byNameOnly: byNameOnly || null,
      };
      return [type, known];
    }),
  );
}

/** The text of the file that has these types. */
export function typesFile(types: Iterable<InstanceType>): string {
  const rows = [...types].sort((a, b) => (a.type < b.type ? -1 : 1));
  const lines = rows.map((row) => COLUMNS.map((column) => row[column] ?? '').join('\t'));
  return `${[COLUMNS.join('\t'), ...lines].join('\n')}\n`;
}
