import type { EC2 } from '@aws-sdk/client-ec2';
import { codeOf, isMissing } from './errors.ts';

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
