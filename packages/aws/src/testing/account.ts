import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Boot } from '@daskup/core/provision/provider';
import type { Platform } from '@daskup/dask/platform';
import { type Ec2, startEc2 } from '@daskup/emulators/ec2/start';
import { NOTHING_OWN } from '../own.ts';
import { type AwsOptions, AwsProvider } from '../provider.ts';

const PROVIDER = new URL('../provider.ts', import.meta.url).href;
export const REGION = 'us-east-1';

/** A region of an EC2 that stands in for Amazon's, for tests in whose machines a few lines of bash run in place of Dask. */
export class Account {
  readonly ec2: Ec2;
  readonly region: string;
  /** Goes with it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'daskup-aws-'));
  readonly #env = { ...process.env };

  /** On an EC2 of its own. */
  static async open(options: Parameters<typeof startEc2>[0] = {}): Promise<Account> {
    return new Account(await startEc2(options), REGION);
  }

  /** This process finds the account as any program would: in its environment. */
  constructor(ec2: Ec2, region: string) {
    this.ec2 = ec2;
    this.region = region;
    Object.assign(process.env, ec2.env);
  }

  /**
   * @param home what it remembers of before: nothing in a home that is new.
   * @param options in place of: no public addresses, nothing of its own, a server that is alone, the time as it is, and a
   * script of `body`.
   */
  provider(body: string, { home = 'home', ...options }: Partial<AwsOptions> & { home?: string } = {}): AwsProvider {
    return new AwsProvider({
      regions: [this.region],
      cacheFolder: join(this.folder, home),
      isPublic: false,
      own: NOTHING_OWN,
      isAlone: true,
      checkip: this.ec2.env.DASKUP_AWS_CHECKIP ?? '',
      now: Date.now,
      // As the real one it tells what the machine is for.
      bootScript: ({ idleSeconds }: Boot, platform: Platform) =>
        `#!/bin/bash\n${platform.identify}\n# ${idleSeconds}\n${body}`,
      ...options,
    });
  }

  /**
   * Launches in a process of its own, which is killed (SIGKILL) so many milliseconds after it asked; or, with `answered`,
   * once it has the answer.
   */
  async launchAndDie(batch: unknown, body: string, when: number | 'answered'): Promise<void> {
    const program = `
      const { AwsProvider } = await import(${JSON.stringify(PROVIDER)});
      const [region, cacheFolder, batch, body, when] = JSON.parse(process.argv[1]);
      const bootScript = ({ idleSeconds }, { identify }) => "#!/bin/bash\\n" + identify + '\\n# ' + idleSeconds + '\\n' + body;
      const provider = new AwsProvider({
        regions: [region], cacheFolder, isPublic: false, isAlone: true, checkip: '', now: Date.now, bootScript,
      });
      const answer = provider.launch(batch);
      if (when === 'answered') await answer;
      else if (when > 0) await new Promise((resolve) => setTimeout(resolve, when));
      process.kill(process.pid, 'SIGKILL');`;
    const words = JSON.stringify([this.region, join(this.folder, 'home'), batch, body, when]);
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, words], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 60_000,
    });
    const [, signal] = await once(child, 'exit');
    if (signal !== 'SIGKILL') throw new Error('the process that was to be killed ended by itself');
  }

  /** How often each call was made since the last time this was asked. */
  calls(): Readonly<Record<string, number>> {
    const calls = this.ec2.control.calls()[this.region] ?? {};
    this.ec2.control.forgetCalls();
    return calls;
  }

  /** Ends every machine of the region, and forgets it. */
  async leave(): Promise<void> {
    const provider = this.provider('');
    await provider.terminate((await provider.machines()).map(({ id }) => id));
    this.#forget();
  }

  /** Ends every machine of this EC2, and with them it. */
  async close(): Promise<void> {
    this.#forget();
    await this.ec2.close();
  }

  #forget(): void {
    for (const name of Object.keys(this.ec2.env)) delete process.env[name];
    Object.assign(process.env, this.#env);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
