import { once } from 'node:events';
import { BlockList, connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Group } from './network.ts';
import type { Interface, Region } from './region.ts';

/** A rule that opens more ports than this opens none here: each is a listener. */
const PORTS = 100;

interface Listener {
  readonly server: Server;
  readonly connections: Set<Socket>;
}

/**
 * Elastic IP addresses as the world meets them: who comes to one is taken to the private address of its interface, if a
 * rule of the interface's security groups lets in the address that he comes from. Rules for members of a group let nobody
 * in here. Source: EC2 user guide, "Security group rules": they are for the private addresses of members.
 */
export class PublicAddresses {
  readonly #region: Region;
  /** By address, then by port. */
  readonly #listeners = new Map<string, Map<number, Listener>>();
  #turn: Promise<void> = Promise.resolve();

  constructor(region: Region) {
    this.#region = region;
  }

  /** Listens where addresses and rules now say, and nowhere else. */
  follow(): Promise<void> {
    const turn = this.#turn.catch(() => {}).then(() => this.#follow());
    this.#turn = turn;
    return turn;
  }

  close(): void {
    for (const address of this.#listeners.keys()) this.#leave(address);
  }

  async #follow(): Promise<void> {
    const associated = new Set<string>();
    for (const { address } of this.#region.elastic.values()) {
      const target = this.#targetOf(address);
      if (!target) continue;
      associated.add(address);
      const there = this.#listeners.get(address) ?? new Map<number, Listener>();
      this.#listeners.set(address, there);
      const open = new Set((await this.#rulesOf(target)).flatMap(portsOf));
      for (const [port, { server }] of there) {
        if (open.has(port)) continue;
        // Source: EC2 user guide, "Connection tracking": connections that are there outlive the rule that let them in.
        server.close();
        there.delete(port);
      }
      for (const port of open) if (!there.has(port)) there.set(port, await this.#listen(address, port));
    }
    for (const address of this.#listeners.keys()) if (!associated.has(address)) this.#leave(address);
  }

  #leave(address: string): void {
    for (const { server, connections } of this.#listeners.get(address)?.values() ?? []) {
      server.close();
      for (const socket of connections) socket.destroy();
    }
    this.#listeners.delete(address);
  }

  async #listen(address: string, port: number): Promise<Listener> {
    const connections = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
      // Who breaks off is nobody's fault.
      this.#take(socket, address, port).catch(() => socket.destroy());
    });
    server.listen(port, address);
    await once(server, 'listening');
    return { server: server.unref(), connections };
  }

  /** EC2 never answers who is not let in; here he hears of it at once. */
  async #take(socket: Socket, address: string, port: number): Promise<void> {
    socket.on('error', () => {});
    const target = this.#targetOf(address);
    const rules = target ? await this.#rulesOf(target) : [];
    const isIn = rules.some(
      (rule) => portsOf(rule).includes(port) && isWithin(socket.remoteAddress ?? '', rule.ranges),
    );
    if (!target || !isIn) {
      socket.resetAndDestroy();
      return;
    }
    await pipeline(socket, connect({ host: target.address, port, allowHalfOpen: true }), socket);
  }

  #targetOf(address: string): Interface | undefined {
    const elastic = [...this.#region.elastic.values()].find((one) => one.address === address);
    return this.#region.interfaces.get(elastic?.association?.interfaceId ?? '');
  }

  async #rulesOf({ groups }: Interface): Promise<Group['rules']> {
    const all = await this.#region.network.groups();
    return all.filter(({ id }) => groups.includes(id)).flatMap(({ rules }) => rules);
  }
}

function portsOf({ protocol, from, to, ranges }: Group['rules'][number]): readonly number[] {
  if (protocol !== 'tcp' || ranges.length === 0 || to - from >= PORTS) return [];
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function isWithin(address: string, ranges: readonly string[]): boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [base = '', bits = '32'] = range.split('/');
    list.addSubnet(base, Number(bits), 'ipv4');
  }
  return list.check(address);
}
