import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Ec2, type Options, startEc2 } from '../start.ts';

/** The first start on a computer installs moto; milliseconds. */
const INSTALL_MS = 600_000;

/** One emulator for a file's tests, without faults at the start of each. */
export function emulator(options: Options = {}): () => Ec2 {
  let ec2: Ec2 | undefined;
  beforeAll(async () => {
    ec2 = await startEc2(options);
  }, INSTALL_MS);
  afterEach(() => ec2?.control.calm());
  afterAll(() => ec2?.close());
  return () => {
    if (!ec2) throw new Error('The emulator has not started');
    return ec2;
  };
}
