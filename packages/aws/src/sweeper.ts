import { messageOf } from '@daskup/core/message';
import type { Found, Leftover, Sweeper } from '@daskup/core/provision/sweeper';
import { bakedIn } from './baked/baked-images.ts';
import { Clients } from './client.ts';
import { KINDS } from './leftovers.ts';
import { enabledRegions, PATIENCE_MS, USUAL } from './regions.ts';

/** What one region answered. */
interface Answer {
  readonly region: string;
  readonly leftovers: readonly Leftover[];
  /** Ids of images that stay. */
  readonly images: readonly string[];
  /** What could not be looked at, once for each reason. */
  readonly errors: readonly unknown[];
  readonly isSilent: boolean;
}

/** Everything of daskup in an account, in all of its regions side by side. */
export class AwsSweeper implements Sweeper {
  readonly #clients = new Clients();
  readonly #patienceMs: number;

  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  async scope(): Promise<string> {
    const sts = await this.#clients.sts(USUAL);
    return `AWS account ${(await sts.getCallerIdentity()).Account}`;
  }

  async find(regions?: readonly string[]): Promise<Found> {
    const asked = regions ?? (await enabledRegions(this.#clients));
    const answers = await Promise.all(asked.map((region) => this.#findIn(region)));
    // What is wrong everywhere is wrong with the credentials.
    if (answers.length > 0 && answers.every(({ isSilent }) => isSilent)) throw answers[0]?.errors[0];
    const kept = answers.flatMap(({ images }) => images);
    return {
      leftovers: answers.flatMap(({ leftovers }) => leftovers),
      kept: kept.length === 0 ? null : `baked images are kept; to delete them: daskup bake aws rm ${kept.join(' ')}`,
      unanswered: answers.flatMap(({ region, errors }) => errors.map((error) => ({ region, why: this.#why(error) }))),
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

  async #findIn(region: string): Promise<Answer> {
    const ec2 = await this.#clients.ec2(region);
    const abortSignal = AbortSignal.timeout(this.#patienceMs);
    const [images, ...found] = await Promise.allSettled([
      bakedIn(ec2, abortSignal).then((all) => all.map(({ id }) => id)),
      ...KINDS.map(({ find }) => find(ec2, abortSignal)),
    ]);
    // What may not be looked at keeps nothing else from its end.
    const failed = found.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    return {
      region,
      leftovers: found
        .flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
        .map((leftover) => ({ ...leftover, region })),
      images: images.status === 'fulfilled' ? images.value : [],
      errors: [...new Map(failed.map((error) => [messageOf(error), error])).values()],
      isSilent: failed.length === found.length,
    };
  }

  #why(error: unknown): string {
    const isOver = error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name);
    return isOver ? `no answer within ${this.#patienceMs / 1000} s` : messageOf(error);
  }
}
