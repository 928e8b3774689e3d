import type { Command } from '@daskup/core/command/command';
import { isLive } from '@daskup/core/reconcile/lifecycle';
import { VirtualClock } from '../sim/clock.ts';
import { SimCloud } from '../sim/cloud.ts';
import { CALM, type Faults } from '../sim/faults.ts';
import { REGION } from '../sim/offers.ts';
import { Random } from '../sim/random.ts';
import { SimSchedulers } from '../sim/schedulers.ts';
import { Asked } from './asked.ts';
import { type Befallen, type History, isSaid, type Said, type Step } from './history.ts';
import { Judge, type Violation } from './judge.ts';
import { Process } from './process.ts';
import { judgeEnd, unsettled } from './verdict.ts';
import { WatchedStore } from './watched-store.ts';

const MINUTE = 60_000;
/** A start may take the core 15 minutes, a machine that never joins 5 more, one that no list shows 5: then all must be well. */
const SETTLE_MS = 30 * MINUTE;
/** Machines that no live cluster owns are swept within a minute and take their time to end. */
const END_MS = 15 * MINUTE;

/** What came of a history. */
export interface Outcome {
  readonly violation: Violation | null;
  readonly faults: number;
  readonly crashes: number;
  /** Calls that processes made to store, cloud and schedulers: each a place to crash at. */
  readonly calls: number;
  readonly machines: number;
  /** Virtual time it took; milliseconds. */
  readonly ms: number;
}

/** Runs one history to its end, or to its first violation. `trace` hears what happens, for people. */
export function run(history: History, trace?: (line: string) => void): Promise<Outcome> {
  return new World(history, trace ?? null).run();
}

class World {
  readonly #history: History;
  readonly #random: Random;
  readonly #clock = new VirtualClock();
  readonly #cloud: SimCloud;
  readonly #control: SimSchedulers;
  readonly #judge: Judge;
  readonly #trace: ((line: string) => void) | null;
  readonly #start: number;
  #store: WatchedStore;
  /** By replica number; null while one is down. */
  readonly #replicas: (Process | null)[] = [];
  readonly #processes: Process[] = [];
  readonly #asked: Asked[] = [];
  #stores = 0;
  #faults = 0;
  #crashes = 0;

  constructor(history: History, trace: ((line: string) => void) | null) {
    this.#history = history;
    this.#trace = trace;
    this.#start = this.#clock.now;
    this.#random = new Random(history.seed);
    this.#cloud = new SimCloud(this.#clock, this.#random.fork());
    this.#control = new SimSchedulers(this.#cloud);
    this.#judge = new Judge(this.#cloud);
    this.#store = this.#newStore('installation-0');
    for (let i = 0; i < history.replicas; i++) this.#launch(i);
  }

  async run(): Promise<Outcome> {
    const { steps } = this.#history;
    const violated = () => this.#judge.violation !== null;
    for (const step of steps) {
      await this.#clock.run(this.#clock.now + step.afterMs, violated);
      if (violated()) break;
      this.#tell(step);
      if (isSaid(step)) this.#say(step.replica, commandOf(step));
      else this.#befall(step);
    }
    if (!violated()) await this.#settle();
    if (!violated()) await this.#end();
    const { violation } = this.#judge;
    if (violation) this.#tell(violation);
    for (const process of this.#processes) process.die();
    return {
      violation,
      faults: this.#faults,
      crashes: this.#crashes,
      calls: this.#processes.reduce((sum, { calls }) => sum + calls, 0),
      machines: this.#cloud.all.length,
      ms: this.#clock.now - this.#start,
    };
  }

  /** Faults are over and all processes up: every cluster must come to what was asked for. */
  async #settle(): Promise<void> {
    const violated = () => this.#judge.violation !== null;
    for (const process of this.#replicas) process?.spare();
    await this.#recovered();
    this.#tell({ do: 'settle' });
    const open = () =>
      [...this.#judge.clusters.values()].map((known) => unsettled(this.#cloud, known)).filter((text) => text !== null);
    // Commands that were given a moment ago have their effect.
    await this.#clock.run(this.#clock.now + MINUTE / 2, violated);
    let looked = Number.NEGATIVE_INFINITY;
    await this.#clock.run(this.#clock.now + SETTLE_MS, () => {
      if (violated()) return true;
      if (this.#clock.now - looked < 1_000) return false;
      looked = this.#clock.now;
      return open().length === 0;
    });
    for (const text of open()) this.#judge.say('progress', text);
  }

  /** No fault is left, and every process is up: one that was told to stop may take its time. */
  async #recovered(): Promise<void> {
    const violated = () => this.#judge.violation !== null;
    while (!violated() && (this.#clock.now <= this.#judge.helplessUntil || this.#replicas.includes(null))) {
      await this.#clock.run(Math.max(this.#clock.now, this.#judge.helplessUntil) + 1_000, violated);
    }
  }

  /** Everything is told to end, and must leave nothing. */
  async #end(): Promise<void> {
    await this.#recovered();
    this.#tell({ do: 'end' });
    this.#say(0, { verb: 'down', target: { all: true } });
    let looked = Number.NEGATIVE_INFINITY;
    await this.#clock.run(this.#clock.now + END_MS, () => {
      if (this.#judge.violation) return true;
      if (this.#clock.now - looked < 1_000) return false;
      looked = this.#clock.now;
      const over = [...this.#judge.clusters.values()].every(
        ({ cluster, forgotten }) => forgotten || !isLive(cluster.state),
      );
      const mine = this.#cloud.all.filter(({ tags }) => tags.installation === this.#judge.installation);
      return (
        over &&
        mine.every(({ endedAt }) => endedAt !== null) &&
        this.#asked.every((one) => one.closed || !one.process.alive)
      );
    });
    // A last sweep has seen the last end.
    if (!this.#judge.violation)
      await this.#clock.run(this.#clock.now + 2 * MINUTE, () => this.#judge.violation !== null);
    if (!this.#judge.violation) judgeEnd(this.#cloud, this.#judge, this.#asked);
  }

  #befall(step: Exclude<Step, Said>): void {
    const befallen = step as Befallen;
    switch (befallen.do) {
      case 'fault':
        this.#fault(befallen.faults, befallen.forMs);
        return;
      case 'throttle':
        this.#faults += 1;
        this.#cloud.buckets.drain();
        this.#helpless(MINUTE);
        return;
      case 'lose': {
        this.#faults += 1;
        const candidates = this.#cloud.all.filter(({ isUp, tags }) => isUp && tags.role === befallen.role);
        for (const machine of candidates.slice(0, befallen.count)) machine.reclaim(befallen.noticed);
        return;
      }
      case 'work': {
        const known = [...this.#judge.clusters.values()].findLast(({ cluster }) => cluster.spec.name === befallen.name);
        if (known) this.#cloud.dask(known.cluster.id).work(befallen.load);
        return;
      }
      case 'crash': {
        const process = this.#replicas[befallen.replica];
        if (!process) return;
        process.trap(befallen.at, () => process.die());
        void process.died.then(() => this.#down(befallen.replica, process, befallen.downMs));
        return;
      }
      case 'pause': {
        const process = this.#replicas[befallen.replica];
        process?.trap(befallen.at, () => {
          process.pause(this.#clock.now + befallen.forMs);
          this.#helpless(befallen.forMs);
        });
        return;
      }
      case 'restart': {
        const process = this.#replicas[befallen.replica];
        if (!process) return;
        process.stop();
        void process.died.then(() => this.#down(befallen.replica, process, befallen.downMs));
        return;
      }
      case 'lose store':
        this.#loseStore(befallen.sameInstallation);
    }
  }

  #fault(faults: Partial<Faults>, forMs: number): void {
    this.#faults += 1;
    const cloud = this.#cloud;
    cloud.faults = { ...cloud.faults, ...faults };
    this.#helpless(forMs + (faults.lagMs ?? 0));
    const over = Object.fromEntries(Object.keys(faults).map((key) => [key, CALM[key as keyof Faults]]));
    this.#clock.at(this.#clock.now + forMs, () => {
      cloud.faults = { ...cloud.faults, ...over };
    });
  }

  /** A process is gone; the next one comes after a while. */
  #down(replica: number, process: Process, downMs: number): void {
    if (this.#replicas[replica] !== process) return;
    this.#crashes += 1;
    this.#tell({ do: 'died', replica });
    this.#replicas[replica] = null;
    this.#helpless(downMs);
    const store = this.#store;
    void this.#clock.sleep(downMs).then(() => {
      if (this.#store === store) this.#launch(replica);
    });
  }

  #loseStore(sameInstallation: boolean): void {
    this.#faults += 1;
    for (const process of this.#replicas) process?.die();
    this.#replicas.fill(null);
    this.#judge.forget();
    this.#stores += 1;
    this.#store = this.#newStore(sameInstallation ? this.#judge.installation : `installation-${this.#stores}`);
    for (let i = 0; i < this.#history.replicas; i++) this.#launch(i);
    this.#helpless(1_000);
  }

  #newStore(installation: string): WatchedStore {
    this.#judge.installation = installation;
    return new WatchedStore(installation, this.#judge.watching(installation));
  }

  #launch(replica: number): void {
    const name = `p${this.#processes.length}`;
    const process = new Process({
      name,
      // One that owns its store alone keeps its name, and with it its leases.
      holder: this.#history.replicas === 1 ? 'alone' : name,
      cloud: this.#cloud,
      control: this.#control,
      store: this.#store,
      random: this.#random.fork(),
      onCall: (call, args, state) => {
        this.#trace?.(`${this.#time()} ${name} ${call} ${state}`);
        this.#judge.called(name, call, args, state);
      },
      onLog: (line) => {
        this.#trace?.(`${this.#time()} ${name} log: ${line}`);
        this.#judge.logged(line);
      },
    });
    this.#replicas[replica] = process;
    this.#processes.push(process);
  }

  #say(replica: number, command: Command): void {
    const process = this.#replicas[replica] ?? this.#replicas.find((other) => other !== null);
    if (process) this.#asked.push(new Asked(`user-${this.#asked.length}`, command, process));
  }

  /** For so long the core may not be able to do what it should. */
  #helpless(ms: number): void {
    this.#judge.helplessUntil = Math.max(this.#judge.helplessUntil, this.#clock.now + ms);
  }

  #tell(what: object): void {
    this.#trace?.(`${this.#time()} ${JSON.stringify(what)}`);
  }

  #time(): string {
    return `${((this.#clock.now - this.#start) / 1000).toFixed(3)}s`;
  }
}

function commandOf(said: Said): Command {
  switch (said.do) {
    case 'up': {
      const { name, workers, market, ttlSeconds, idleSeconds, awaySeconds } = said;
      const request = { name, workers, market, ttlSeconds, idleSeconds, awaySeconds, regions: [REGION] };
      return { verb: 'up', request };
    }
    case 'scale':
      return { verb: 'scale', name: said.name, workers: said.workers };
    case 'extend':
      return { verb: 'extend', name: said.name, seconds: said.seconds };
    case 'down':
      return { verb: 'down', target: { name: said.name } };
    case 'down all':
      return { verb: 'down', target: { all: true } };
    case 'reclaim':
      return { verb: 'reclaim', name: said.name };
    case 'status':
      return { verb: 'status', name: said.name };
  }
}
