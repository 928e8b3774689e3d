import type { EC2 } from '@aws-sdk/client-ec2';
import type { Machine } from '@daskup/core/provision/provider';
import { codeOf, isMissing } from '../errors.ts';

/** How cloud-init and the kernel begin the lines that a boot script printed. */
const PREFIX = /^(\[ *[\d.]+\] )?(cloud-init\[\d+\]: )?/;

/** What a machine's boot script printed, of all that is on its console; empty when there is nothing, or no such machine. */
export async function consoleOf(ec2: EC2, id: string): Promise<string> {
  const read = (Latest: boolean) => ec2.getConsoleOutput({ InstanceId: id, Latest });
  try {
    // Machines of older kinds have no newest output, only that of some minutes ago.
    const { Output = '' } = await read(true).catch((error: unknown) => {
      if (codeOf(error) !== 'UnsupportedOperation') throw error;
      return read(false);
    });
    return spoken(Buffer.from(Output, 'base64').toString());
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}

/** From the first line of daskup's on, without what others put before lines; all of it when it never came that far. */
export function spoken(console: string): string {
  const lines = console.split(/\r?\n/).map((line) => line.replace(PREFIX, ''));
  const first = lines.findIndex((line) => line.startsWith('daskup: '));
  return lines.slice(Math.max(0, first)).join('\n');
}

/** What a living machine printed is read anew no oftener: EC2 posts it now and then; milliseconds. */
const FRESH_MS = 10_000;

/** What machines printed, so that showing how a cluster boots is not a call a machine and second. */
export class BootLogs {
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly at: number; readonly text: Promise<string> }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  read(id: string, client: () => Promise<EC2>): Promise<string> {
    const last = this.#known.get(id);
    if (last && this.#now() - last.at < FRESH_MS) return last.text;
    const text = client().then((ec2) => consoleOf(ec2, id));
    this.#known.set(id, { at: this.#now(), text });
    text.catch(() => this.#known.delete(id));
    return text;
  }

  /** What these have printed until now is not the last of it any more, if they have ended. */
  seen(machines: readonly Machine[]): void {
    for (const { id, state } of machines) if (state === 'terminated') this.#known.delete(id);
  }
}
