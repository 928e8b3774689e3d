import { messageOf } from '@daskup/core/message';
import type { Found, Leftover, Sweeper } from '@daskup/core/provision/sweeper';
import { Clients } from './client.ts';
import { KINDS } from './leftovers.ts';

/** Every account has it, and may ask there which others it has. Source: AWS Account Management, "Enable or disable AWS Regions". */
const ALWAYS_ENABLED = 'us-east-1';
/** A region that has not answered by then is told of, and keeps the others waiting no longer; milliseconds. */
const PATIENCE_MS = 30_000;

/** Everything of daskup in an account, in all of its regions side by side. */
export class AwsSweeper implements Sweeper {
  readonly #clients = new Clients();
  readonly #patienceMs: number;

  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  async scope(): Promise<string> {
    const sts = await this.#clients.sts(ALWAYS_ENABLED);
    return `AWS account ${(await sts.getCallerIdentity()).Account}`;
  }

  async find(regions?: readonly string[]): Promise<Found> {
    const asked = regions ?? (await this.#enabled());
    const answers = await Promise.allSettled(asked.map((region) => this.#findIn(region)));
    const failed = answers.flatMap((answer, i) =>
      answer.status === 'rejected' ? [{ region: asked[i] ?? '', error: answer.reason as unknown }] : [],
    );
    // What is wrong everywhere is wrong with the credentials.
    if (failed[0] && failed.length === asked.length) throw failed[0].error;
    return {
      leftovers: answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])),
      kept: null,
      unanswered: failed.map(({ region, error }) => ({ region, why: this.#why(error) })),
    };
  }

  async remove(leftovers: readonly Leftover[]): Promise<void> {
    const done = await Promise.allSettled(
      [...Map.groupBy(leftovers, ({ region }) => region)].flatMap(([region, there]) =>
        KINDS.map(async ({ prefix, remove }) => {
          const ids = there.map(({ id }) => id).filter((id) => id.startsWith(prefix));
          if (ids.length > 0) await remove(await this.#clients.ec2(region), ids);
        }),
      ),
    );
    // What may not be deleted has kept nothing else from its end.
    for (const result of done) if (result.status === 'rejected') throw result.reason;
  }

  async #enabled(): Promise<readonly string[]> {
    const ec2 = await this.#clients.ec2(ALWAYS_ENABLED);
    const { Regions = [] } = await ec2.describeRegions();
    return Regions.flatMap(({ RegionName }) => RegionName ?? []);
  }

  async #findIn(region: string): Promise<readonly Leftover[]> {
    const ec2 = await this.#clients.ec2(region);
    const abortSignal = AbortSignal.timeout(this.#patienceMs);
    const found = await Promise.all(KINDS.map(({ find }) => find(ec2, abortSignal)));
    return found.flat().map((leftover) => ({ ...leftover, region }));
  }

  #why(error: unknown): string {
    const isOver = error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name);
    return isOver ? `no answer within ${this.#patienceMs / 1000} s` : messageOf(error);
  }
}
