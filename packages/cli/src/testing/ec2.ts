import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../emulators/src/ec2/main.ts', import.meta.url));

/** The stand-in for EC2 as a person starts it, and uses the lines that it prints. */
export class Ec2 {
  /** What it says to export. */
  readonly env: Readonly<Record<string, string>>;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, printed: string) {
    this.#process = process;
    this.env = Object.fromEntries(
      [...printed.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
  }

  static async start(): Promise<Ec2> {
    const child = spawn(process.execPath, [MAIN, '--port', '0', '--pace', 'quick'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      printed += chunk;
      if (/^export AWS_EC2_METADATA_DISABLED=.*\n/m.test(printed) && printed.endsWith('\n')) break;
    }
    child.stdout.resume();
    return new Ec2(child, printed);
  }

  /** Its answer under `/_emulator/`. */
  async control(method: string, path: string, body?: unknown): Promise<unknown> {
    const url = `${this.env.AWS_ENDPOINT_URL}/_emulator/${path}`;
    const answer = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  /** Ends it and all of its instances. */
  async close(): Promise<void> {
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
  }
}
