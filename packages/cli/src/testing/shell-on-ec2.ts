import { setTimeout as delay } from 'node:timers/promises';
import type { Result } from '@daskup/core/answer';
import type { Control } from '@daskup/emulators/ec2/control';
import { type Ec2, startEc2 } from '@daskup/emulators/ec2/start';
import { Shell } from './shell.ts';

type Said<V extends Result['verb']> = Extract<Result, { readonly verb: V }>;

/** A person's shell whose EC2 is a stand-in on this computer, which boots real machines from real user data. */
export class ShellOnEc2 extends Shell {
  readonly #ec2: Ec2;
  readonly #others: Shell[] = [];

  static async open(options: Parameters<typeof startEc2>[0] = {}): Promise<ShellOnEc2> {
    return new ShellOnEc2(await startEc2(options));
  }

  private constructor(ec2: Ec2) {
    super(ec2.env);
    this.#ec2 = ec2;
  }

  /** What the account's owner sees and does behind the API. */
  get control(): Control {
    return this.#ec2.control;
  }

  /**
   * What a line says, as data.
   * @throws {Error} with what it prints when it fails.
   */
  async say<V extends Result['verb']>(line: string): Promise<Said<V>> {
    const { code, out, err } = await this.daskup(...line.split(' '), '--json');
    if (code !== 0) throw new Error(`daskup ${line}: ${err}`);
    return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as Said<V>;
  }

  /** Once it is good. @throws {Error} when it is not after two minutes. */
  async until<T>(ask: () => T | Promise<T>, good: (value: T) => boolean): Promise<T> {
    const end = Date.now() + 120_000;
    while (true) {
      const value = await ask();
      if (good(value)) return value;
      if (Date.now() > end) throw new Error(`still ${JSON.stringify(value)}`);
      await delay(200);
    }
  }

  /** Instances of this cluster that EC2 has not ended. */
  instances(cluster: string) {
    return this.control
      .state()
      .instances.filter(({ tags, state }) => tags['daskup:cluster'] === cluster && state !== 'terminated');
  }

  /** Another shell on the same EC2, with a home of its own unless it exports one. */
  beside(exported: NodeJS.ProcessEnv): Shell {
    const other = new Shell({ ...this.#ec2.env, ...exported });
    this.#others.push(other);
    return other;
  }

  override async close(): Promise<void> {
    await Promise.all([super.close(), ...this.#others.map((other) => other.close())]);
    await this.#ec2.close();
  }
}
