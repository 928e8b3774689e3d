import * as z from 'zod/mini';
import { BUCKETS, type Bucket } from '../buckets.ts';
import type { Clock } from '../clock.ts';
import { CALM, Faults } from './faults.ts';
import type { Calls, Front } from './front.ts';
import type { Instance, State } from './instance.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type Bill, billOf } from './meter.ts';
import type { Region } from './region.ts';

/** What an emulator's owner sees and does behind the API. */
export class Control {
  readonly #front: Front;
  readonly #lifecycle: Lifecycle;
  readonly #clock: Clock;

  constructor(front: Front, lifecycle: Lifecycle, clock: Clock) {
    this.#front = front;
    this.#lifecycle = lifecycle;
    this.#clock = clock;
  }

  /** How often each action was called, by region; actions of other services than EC2 with their name before. */
  calls(): Calls {
    return this.#front.calls;
  }

  /** How many of these were answered RequestLimitExceeded. */
  throttled(): Calls {
    return this.#front.throttled;
  }

  forgetCalls(): void {
    this.#front.calls = {};
    this.#front.throttled = {};
  }

  /** Every instance there ever was, with what it has cost so far. */
  meter(): { readonly micros: number; readonly bills: readonly Bill[] } {
    const bills = this.#all().map(({ instance }) => billOf(instance, this.#clock.now()));
    return { micros: bills.reduce((sum, { micros }) => sum + micros, 0), bills };
  }

  /** Every instance as it truly is, and whatever else an account could leave behind. */
  state() {
    const regions = [...this.#front.regions.values()];
    return {
      instances: this.#all().map(({ instance }) => ({
        id: instance.id,
        state: instance.state as State,
        type: instance.birth.type,
        zone: instance.birth.zone,
        market: instance.birth.market,
        address: instance.birth.address,
        image: instance.birth.imageId,
        diskGiB: instance.birth.volume.sizeGiB,
        bootedAt: instance.bootedAt,
        tags: Object.fromEntries(instance.tags),
      })),
      interfaces: regions.flatMap(({ interfaces }) => [...interfaces.keys()]),
      addresses: regions.flatMap(({ elastic }) => [...elastic.values()].map(({ address }) => address)),
      templates: regions.flatMap(({ templates }) => [...templates.values()].map(({ name }) => name)),
    };
  }

  /** Whatever an account is still billed for, or would have to clean up: ids, addresses, names. */
  left(): readonly string[] {
    const { instances, interfaces, addresses, templates } = this.state();
    const alive = instances.filter(({ state }) => state !== 'terminated').map(({ id }) => id);
    return [...alive, ...interfaces, ...addresses, ...templates];
  }

  faults(): Faults {
    return this.#front.world.faults;
  }

  /**
   * These faults from now on, and others as before.
   * @throws {Error} when one is not as {@link Faults} says.
   */
  setFaults(faults: z.input<typeof Faults>): void {
    const parsed = z.partial(Faults).parse(faults);
    const given = Object.fromEntries(Object.entries(parsed).filter(([name]) => Object.hasOwn(faults, name)));
    this.#front.world.faults = structuredClone({ ...this.#front.world.faults, ...given });
  }

  calm(): void {
    this.#front.world.faults = structuredClone(CALM);
  }

  /** Somebody else has used up these throttle buckets, in every region that was ever asked. */
  drain(buckets: readonly Bucket[] = BUCKETS): void {
    for (const region of this.#front.regions.values()) region.buckets.drain(buckets);
  }

  /** All throttle buckets are full again. */
  refill(): void {
    for (const region of this.#front.regions.values()) region.buckets.refill();
  }

  /**
   * EC2 takes spot instances back: those whose id, type or zone is the one given, or of all.
   * @returns their ids.
   */
  reclaim({
    match = '',
    notice = true,
  }: {
    readonly match?: string;
    readonly notice?: boolean;
  } = {}): readonly string[] {
    const taken = this.#all().filter(
      ({ instance: { id, birth, isUp } }) =>
        isUp && birth.market === 'spot' && (match === '' || [id, birth.type, birth.zone].includes(match)),
    );
    for (const { region, instance } of taken) this.#lifecycle.reclaim(region, instance, notice);
    return taken.map(({ instance }) => instance.id);
  }

  /** A zone is gone: all its instances end, and it has room for none until `calm`. */
  loseZone(zone: string): readonly string[] {
    const lost = this.#all().filter(({ instance: { birth, isUp } }) => isUp && birth.zone === zone);
    for (const { region, instance } of lost) this.#lifecycle.end(region, instance, 'zone');
    this.setFaults({ emptyPools: [...this.faults().emptyPools, `/${zone}`] });
    return lost.map(({ instance }) => instance.id);
  }

  /** vCPUs that the account may have, by quota code. */
  setQuotas(quotas: Readonly<Record<string, number>>): void {
    for (const [code, value] of Object.entries(quotas)) this.#front.world.quotas.set(code, value);
  }

  /** Lets so many milliseconds pass at once; what runs on instances does not notice. */
  advance(ms: number): void {
    this.#clock.advance(ms);
  }

  #all(): readonly { readonly region: Region; readonly instance: Instance }[] {
    return [...this.#front.regions.values()].flatMap((region) =>
      [...region.instances.values()].map((instance) => ({ region, instance })),
    );
  }
}

const Buckets = z.optional(z.array(z.enum(BUCKETS as unknown as [Bucket, ...Bucket[]])));

/** The same over HTTP, under `/_emulator/`. Null for a path that is none of these. */
export function controlAnswer(control: Control, method: string, path: string, body: unknown): unknown {
  switch (`${method} ${path}`) {
    case 'GET calls':
      return control.calls();
    case 'DELETE calls':
      control.forgetCalls();
      return control.calls();
    case 'GET throttled':
      return control.throttled();
    case 'GET meter':
      return control.meter();
    case 'GET state':
      return control.state();
    case 'GET faults':
      return control.faults();
    case 'POST faults':
      control.setFaults(body as z.input<typeof Faults>);
      return control.faults();
    case 'DELETE faults':
      control.calm();
      return control.faults();
    case 'POST drain':
      control.drain(z.object({ buckets: Buckets }).parse(body).buckets);
      return {};
    case 'DELETE drain':
      control.refill();
      return {};
    case 'POST reclaim':
      return {
        reclaimed: control.reclaim(
          z.object({ match: z._default(z.string(), ''), notice: z._default(z.boolean(), true) }).parse(body),
        ),
      };
    case 'POST lose-zone':
      return { lost: control.loseZone(z.object({ zone: z.string() }).parse(body).zone) };
    case 'POST quotas':
      control.setQuotas(z.record(z.string(), z.number()).parse(body));
      return {};
    case 'POST clock':
      control.advance(z.object({ advanceMs: z.number() }).parse(body).advanceMs);
      return {};
    default:
      return null;
  }
}
