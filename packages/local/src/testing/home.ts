import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Platform } from '@daskup/dask/platform';
import { LocalProvider } from '../provider.ts';

const PROVIDER = new URL('../provider.ts', import.meta.url).href;

/** A home of its own for a test, in which machines run a few lines of bash in place of Dask. */
export class Home {
  readonly path: string;
  /** How far this home's clock is ahead; milliseconds. */
  ahead = 0;

  constructor(name = 'daskup-local-') {
    this.path = mkdtempSync(join(tmpdir(), name));
  }

  provider(body: string | (() => string)): LocalProvider {
    return new LocalProvider({
      home: this.path,
      cache: this.path,
      now: () => Date.now() + this.ahead,
      bootScript: (_, platform: Platform) => `${platform.identify}\n${typeof body === 'string' ? body : body()}`,
    });
  }

  folderOf(id: string): string {
    return join(this.path, 'machines', id);
  }

  /**
   * Calls the provider's method in a process of its own, which is killed (SIGKILL) so many milliseconds after it asked; or,
   * with `answered`, once it has the answer.
   */
  async callAndDie(method: 'launch' | 'reclaim', argument: unknown, body: string, when: number | 'answered') {
    const program = `
      const { LocalProvider } = await import(${JSON.stringify(PROVIDER)});
      const [home, method, argument, body, when] = JSON.parse(process.argv[1]);
      const bootScript = (_, { identify }) => identify + '\\n' + body;
      const provider = new LocalProvider({ home, cache: home, now: Date.now, bootScript });
      const answer = provider[method](argument);
      if (when === 'answered') await answer;
      else if (when > 0) await new Promise((resolve) => setTimeout(resolve, when));
      process.kill(process.pid, 'SIGKILL');`;
    const words = JSON.stringify([this.path, method, argument, body, when]);
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, words], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 20_000,
    });
    const [, signal] = await once(child, 'exit');
    if (signal !== 'SIGKILL') throw new Error('the process that was to be killed ended by itself');
  }

  /** Ends every machine that is in this home, and forgets it. */
  async close(): Promise<void> {
    const provider = this.provider('');
    for (const installation of ['here', 'elsewhere']) {
      await provider.terminate((await provider.machines(installation)).map(({ id }) => id));
    }
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}
