import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Control } from '@daskup/emulators/ec2/control';
import type { Ec2 } from '@daskup/emulators/ec2/start';

const PROGRAM = fileURLToPath(new URL('many_workers.py', import.meta.url));
const LOOK_MS = 200;

type Shown = ReturnType<Control['state']>['instances'][number];

/** What a tool's machines are for, as their tags tell, and where their certificates are. */
export interface Site {
  /** The tag of machines whose user data is left out: the workers. */
  readonly hollow: string;
  /** What this machine is and what its worker is called; null while its tags do not tell. */
  place(machine: Shown): { readonly isWorker: boolean; readonly cluster: string; readonly name: string } | null;
  /** Where ca.pem, cert.pem and key.pem of the cluster are; null while there is none. */
  folder(scheduler: Shown): string | null;
}

/** Real workers of hollow machines: each joins its scheduler when its machine has booted. */
export class ManyWorkers {
  readonly #ec2: Ec2;
  readonly #site: Site;
  readonly #process: ChildProcessByStdio<Writable, null, null>;
  readonly #told = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(ec2: Ec2, python: string, site: Site) {
    this.#ec2 = ec2;
    this.#site = site;
    this.#process = spawn(python, [PROGRAM], { stdio: ['pipe', 'ignore', 'ignore'] });
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async [Symbol.asyncDispose]() {
    clearInterval(this.#timer);
    if (this.#process.exitCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }

  #look(): void {
    const up = this.#ec2.control.state().instances.flatMap((machine) => {
      const place = machine.bootedAt === null || machine.state !== 'running' ? null : this.#site.place(machine);
      return place === null ? [] : [{ machine, ...place }];
    });
    const schedulers = new Map(up.filter(({ isWorker }) => !isWorker).map((one) => [one.cluster, one.machine]));
    for (const { machine, isWorker, cluster, name } of up) {
      const scheduler = schedulers.get(cluster);
      if (!isWorker || !scheduler || this.#told.has(machine.id)) continue;
      const folder = this.#site.folder(scheduler);
      if (folder === null || !existsSync(join(folder, 'key.pem'))) continue;
      this.#told.add(machine.id);
      const worker = { name, host: machine.address, scheduler: scheduler.address, folder };
      this.#process.stdin.write(`${JSON.stringify(worker)}\n`);
    }
  }
}
