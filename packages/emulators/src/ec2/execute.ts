import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import type { Clock } from '../clock.ts';
import { commandsOf } from './cloud-config.ts';
import type { Guard } from './guard.ts';
import { metadataServer, SHUTDOWN_PATH } from './imds.ts';
import type { Instance } from './instance.ts';
import { writeRootCommands } from './root-commands.ts';

/** What GetConsoleOutput gives of the end of it. Source: EC2 API reference, GetConsoleOutput: the most recent 64 KB. */
const CONSOLE_BYTES = 65_536;

/** `shutdown` as user data finds it, whenever it is asked for. Everything on the machine dies with it a moment later. */
const SHUTDOWN = `#!/bin/bash
exec 3<>"/dev/tcp/$EMULATOR_IMDS_HOST/$EMULATOR_IMDS_PORT" || exit
printf 'POST ${SHUTDOWN_PATH} HTTP/1.0\\r\\n\\r\\n' >&3
read -r _ <&3
`;

/** Programs of a machine of EC2 that stand in for those of this computer. */
const BIN = fileURLToPath(new URL('bin', import.meta.url));
/** A program that this computer may have and a fresh instance has not. */
const ABSENT = '#!/bin/bash\nexit 127\n';

/** What a person here has set up to reach a package index: a machine of EC2 would reach it by itself. */
const PACKAGES = /^(PIP_|UV_|SSL_CERT_|REQUESTS_CA_BUNDLE$|(HTTPS?|ALL|NO)_PROXY$)/i;

/** An instance's insides: its user data as a process group at its own address, and the metadata service beside it. */
export class Machine {
  readonly #instance: Instance;
  readonly #clock: Clock;
  readonly #guard: Guard;
  readonly #folder: string;
  readonly #cache: string;
  readonly #registry: string;
  /** What its own disk begins with, should there be such a folder; null where its cache is shared. */
  readonly #diskFrom: string | null;
  #imds: Server | null = null;
  #process: ChildProcess | null = null;
  #isOff = false;

  /**
   * @param cache where instances find `DASKUP_CACHE`: all the same, or on a disk of its own that begins as this folder.
   * @param registry a file of the container images that there are.
   */
  constructor(
    instance: Instance,
    clock: Clock,
    guard: Guard,
    cache: string | { readonly from: string },
    registry: string,
  ) {
    this.#instance = instance;
    this.#clock = clock;
    this.#guard = guard;
    this.#folder = join(guard.folder, instance.id);
    this.#cache = typeof cache === 'string' ? cache : join(this.#folder, 'var/cache/daskup');
    this.#diskFrom = typeof cache === 'string' ? null : cache.from;
    this.#registry = registry;
  }

  /**
   * Starts it as cloud-init would.
   * @param onShutdown when it shuts itself down.
   */
  async boot(onShutdown: () => void): Promise<void> {
    const { address, userData } = this.#instance.birth;
    const imds = metadataServer(this.#instance, this.#clock, onShutdown);
    imds.listen(0, address);
    await once(imds, 'listening');
    // It may have been ended meanwhile.
    if (this.#isOff) {
      imds.close();
      return;
    }
    this.#imds = imds;
    const bound = imds.address();
    if (this.#diskFrom !== null && existsSync(this.#diskFrom)) await copied(this.#diskFrom, this.#cache);
    if (this.#isOff) return;
    if (!userData || typeof bound !== 'object' || !bound) return;
    this.#run(textOf(userData), address, bound.port);
  }

  /** Keeps what its own disk holds of `DASKUP_CACHE`. */
  async saveDisk(folder: string): Promise<void> {
    if (this.#diskFrom !== null && existsSync(this.#cache)) await copied(this.#cache, folder);
  }

  /** Ends everything on it at once. */
  off(): void {
    this.#isOff = true;
    this.#imds?.closeAllConnections();
    this.#imds?.close();
    this.#kill();
  }

  /** Ends its user data in the middle, once it has printed something, as when a script is killed for want of memory. */
  async breakOff(): Promise<void> {
    while (!this.#isOff && (await this.console()).length === 0) await delay(10);
    this.#kill();
  }

  #kill(): void {
    if (this.#process?.pid !== undefined) this.#guard.kill(this.#process.pid);
  }

  /** The end of what it printed. */
  async console(): Promise<Buffer> {
    const all = await readFile(join(this.#folder, 'console.log')).catch(() => Buffer.alloc(0));
    return all.subarray(-CONSOLE_BYTES);
  }

  #run(script: Buffer, address: string, port: number): void {
    const folder = this.#folder;
    const bin = join(folder, 'bin');
    const state = join(folder, 'var/lib/daskup');
    mkdirSync(bin, { recursive: true, mode: 0o700 });
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const console = openSync(join(folder, 'console.log'), 'a', 0o600);
    const file = join(folder, 'user-data');
    writeFileSync(file, runnable(script), { mode: 0o700 });
    writeFileSync(join(bin, 'shutdown'), SHUTDOWN, { mode: 0o700 });
    writeRootCommands(folder, bin, this.#instance.birth.disks);
    for (const name of ['docker', 'podman']) writeFileSync(join(bin, name), ABSENT, { mode: 0o700 });
    symlinkSync(join(BIN, 'apt-get.sh'), join(bin, 'apt-get'));
    const packages = Object.entries(process.env).filter(([name]) => PACKAGES.test(name));
    const child = spawn(file, [], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', console, console],
      env: {
        ...Object.fromEntries(packages),
        PATH: `${bin}:${process.env.PATH ?? '/usr/bin:/bin'}`,
        HOME: folder,
        LANG: 'C.UTF-8',
        DASKUP_DIR: state,
        DASKUP_CACHE: this.#cache,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://${address}:${port}`,
        EMULATOR_BIN: BIN,
        EMULATOR_REGISTRY: this.#registry,
        EMULATOR_IMDS_HOST: address,
        EMULATOR_IMDS_PORT: String(port),
      },
    });
    closeSync(console);
    // Its first line may name an interpreter that there is not.
    child.once('error', (error) => appendFileSync(join(folder, 'console.log'), `cloud-init: ${error.message}\n`));
    const leader = child.pid;
    if (leader === undefined) return;
    this.#process = child;
    this.#guard.add(leader);
    child.once('exit', () => this.#guard.leaderGone(leader));
    child.unref();
  }
}

/** Source: cloud-init, "User-data formats": a script or a cloud-config; others of its formats are not for us. */
function runnable(userData: Buffer): Buffer | string {
  if (userData.subarray(0, 2).toString() === '#!') return userData;
  return commandsOf(userData.toString()) ?? "#!/bin/bash\necho 'cloud-init: user data is no script'\n";
}

/** cloud-init takes user data packed with gzip; what is packed badly it takes as it is. */
function textOf(userData: Buffer): Buffer {
  try {
    return userData[0] === 0x1f && userData[1] === 0x8b ? gunzipSync(userData) : userData;
  } catch {
    return userData;
  }
}

/** Files are linked, not copied: what installs packages replaces files, and writes into none. */
async function copied(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  await promisify(execFile)('cp', ['-al', `${from}/.`, to]);
}
