import type { Image } from './command.ts';
import { shown } from './error.ts';
import { label, type Notation } from './notation.ts';

/** Whether a value of `env=` is a file's path, and not the name of a kept environment: it has a slash or a suffix. */
export function isFile(env: string): boolean {
  return /[/.]/.test(env);
}

/** A file, by its path. */
export const file: Notation<string> = {
  expected: "a file's path, such as requirements.txt, uv.lock or ./packages",
  parse: (value) =>
    isFile(value)
      ? { ok: true, value }
      : { ok: false, problem: `${shown(value)} could be a name`, ...(isPlain(value) && { nearest: `./${value}` }) },
  format: (value) => value,
};

/** A file's path, or the name that an environment is kept by. */
export const environment: Notation<string> = {
  expected: 'a file such as requirements.txt, ./packages or uv.lock, or a name that env ls lists',
  parse: (text) => (isFile(text) ? { ok: true, value: text } : label.parse(text)),
  format: (value) => value,
};

/** An image of a machine by its id on EC2. Source: EC2 user guide, "Resource IDs": 8 digits once, 17 now. */
const MACHINE = /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/;

/** A reference to a container image. Source: the grammar in the package `reference` of github.com/distribution/reference. */
const HOST = '[A-Za-z0-9]+([.-]+[A-Za-z0-9]+)*(:\\d+)?';
const PART = '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*';
const CONTAINER = new RegExp(`^(${HOST}/)?${PART}(/${PART})*(:\\w[\\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$`);
const LONGEST_REFERENCE = 255;

/** What machines boot, or a container; a container's name alone, as `ubuntu`, is too easily something else. */
export const image: Notation<Image> = {
  expected: 'an image such as ami-0123456789abcdef0, or a container such as ghcr.io/org/name:tag',
  parse(text) {
    const id = text.toLowerCase();
    if (MACHINE.test(id)) return { ok: true, value: { kind: 'machine', id } };
    if (/^ami-[^/:@]*$/.test(id)) {
      return { ok: false, problem: `${shown(text)} is no machine image`, expected: 'ami- and 17 digits from 0 to f' };
    }
    const isReference = text.length <= LONGEST_REFERENCE && CONTAINER.test(text);
    if (isReference && /[/:@]/.test(text)) return { ok: true, value: { kind: 'container', reference: text } };
    if (isReference) return { ok: false, problem: `${shown(text)} has no tag`, nearest: `${text}:latest` };
    return { ok: false, problem: `${shown(text)} is no image` };
  },
  format: (value) => (value.kind === 'machine' ? value.id : value.reference),
};

function isPlain(text: string): boolean {
  return /^[\w-]+$/.test(text);
}
