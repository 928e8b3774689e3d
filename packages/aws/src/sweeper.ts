import { messageOf } from '@daskup/core/message';
import type { Found, Leftover, Sweeper } from '@daskup/core/provision/sweeper';
import { Clients } from './client.ts';
import { bakedIn } from './images/baked-images.ts';
import { KINDS } from './leftovers.ts';
import { enabledRegions, PATIENCE_MS, USUAL } from './regions.ts';

/** What one region answered. */
interface Answer {
  readonly region: string;
  readonly leftovers: readonly Leftover[];
  /** Ids of images that stay. */
  readonly images: readonly string[];
  /** Why something could not be looked at. */
  readonly errors: readonly unknown[];
  /** Not even its machines were to be seen, without which nothing else can go. */
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
      unanswered: this.#unanswered(answers),
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
    const isSilent = found[0]?.status === 'rejected';
    const leftovers = found.flatMap((one) => (one.status === 'fulfilled' && !isSilent ? one.value : []));
    return {
      region,
      leftovers: leftovers.map((leftover) => ({ ...leftover, region })),
      images: images.status === 'fulfilled' ? images.value : [],
      errors: found.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])),
      isSilent,
    };
  }

  /** Each reason once, with all regions where it stood in the way. */
  #unanswered(answers: readonly Answer[]): Found['unanswered'] {
    const regionsOf = new Map<string, Set<string>>();
    for (const { region, errors } of answers)
      for (const error of errors) {
        const why = this.#why(error).replace(`AWS, ${region}: `, '');
        regionsOf.set(why, (regionsOf.get(why) ?? new Set()).add(region));
      }
    return [...regionsOf].map(([why, regions]) => ({ region: [...regions].join(', '), why }));
  }

  #why(error: unknown): string {
    const isOver = error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name);
    return isOver ? `no answer within ${this.#patienceMs / 1000} s` : messageOf(error);
  }
}
