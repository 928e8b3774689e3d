import { setTimeout as delay } from 'node:timers/promises';
import { type Ec2, type Options, startEc2 } from '@daskup/emulators/ec2/start';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { Shell } from './shell.ts';

/** The first start on a computer installs moto; milliseconds. */
const INSTALL_MS = 600_000;
/** Machines end in moments at an emulator's quick pace; a busy computer's take longer. */
const PATIENCE_MS = 60_000;

/** Leave the user data of a cluster's workers out: none joins, and a thousand fit on a laptop. */
export const HOLLOW_WORKERS = 'daskup:role=worker';

/** A person with an AWS account and nothing else: shells that find a stand-in for EC2 where Amazon's would be. */
export class OnEc2 {
  readonly ec2: Ec2;
  readonly #shells: Shell[] = [];

  static async open(options: Options = {}): Promise<OnEc2> {
    return new OnEc2(await startEc2(options));
  }

  private constructor(ec2: Ec2) {
    this.ec2 = ec2;
  }

  /** What happens behind the API: calls, meter, state, faults. */
  get control(): Ec2['control'] {
    return this.ec2.control;
  }

  /** A shell with a fresh `DASKUP_HOME`, so an installation of its own. @param env what is set in it besides, or otherwise. */
  shell(env: NodeJS.ProcessEnv = {}): Shell {
    const shell = new Shell({ ...this.ec2.env, ...env });
    this.#shells.push(shell);
    return shell;
  }

  /** Instances of a cluster that are not over, by its name; of all without one. */
  alive(cluster?: string) {
    return this.control
      .state()
      .instances.filter(
        ({ state, tags }) => state !== 'terminated' && (cluster === undefined || tags['daskup:cluster'] === cluster),
      );
  }

  /**
   * Waits until the account has nothing that costs or that a cluster made.
   * @throws {Error} that names what is left after a minute.
   */
  async nothingLeft(): Promise<void> {
    const left = () => {
      const { interfaces, addresses, templates } = this.control.state();
      return [...this.alive().map(({ id, tags }) => `${id} (${tags.Name})`), ...interfaces, ...addresses, ...templates];
    };
    for (const until = Date.now() + PATIENCE_MS; left().length > 0; await delay(50))
      if (Date.now() > until) throw new Error(`still there: ${left().join(', ')}`);
  }

  /** No faults, and throttle buckets full: as a test that comes after another wants it. */
  calm(): void {
    this.control.calm();
    this.control.refill();
  }

  /** Ends every server of these shells, every machine, and EC2. */
  async close(): Promise<void> {
    await Promise.all(this.#shells.map((shell) => shell.close()));
    await this.ec2.close();
  }
}

/** One EC2 for a file's tests: nothing may be left, and nothing is wrong with it, after each. */
export function onEc2(options: Options = {}): () => OnEc2 {
  let it: OnEc2 | undefined;
  beforeAll(async () => {
    it = await OnEc2.open(options);
  }, INSTALL_MS);
  afterEach(async () => {
    it?.calm();
    await it?.nothingLeft();
  });
  afterAll(() => it?.close());
  return () => {
    if (!it) throw new Error('EC2 has not started');
    return it;
  };
}
