import fs from 'node:fs';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** Emscripten's number for an input/output error. */
const EIO = 29;

type Init = NodeFS['init'];

/** What Emscripten's runtime shows of its Node.js file system; its own types leave it open. */
interface Runtime {
  readonly FS: { readonly ErrnoError: new (errno: number) => Error };
  readonly NODEFS: {
    readonly realPath: (node: unknown) => string;
    readonly node_ops: { setattr: (node: unknown, attributes: { readonly mode?: number }) => void };
    /** `nfd` is the real file's descriptor; folders have none. */
    readonly stream_ops: { fsync?: (stream: { readonly nfd?: number; readonly node: unknown }) => number };
  };
}

/**
 * A folder on disk whose fsync reaches the disk, and whose files are their owner's alone. PGlite's own answers fsync without doing it, so that a power loss takes
 * acknowledged commits, or the whole database. Made for PGlite 0.5.16, whose version is pinned; the tests count the calls.
 */
export class DurableFS extends NodeFS {
  #aborted = false;

  /** PostgreSQL has stopped with a PANIC: it could not write to this folder, and what is on disk is only what it said. */
  get aborted(): boolean {
    return this.#aborted;
  }

  override async init(...[pg, options]: Parameters<Init>): ReturnType<Init> {
    const { emscriptenOpts } = await super.init(pg, options);
    const preRun = [...(emscriptenOpts.preRun ?? []), makeDurable, makePrivate];
    const onAbort = () => {
      this.#aborted = true;
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun, onAbort } };
  }
}

function makeDurable({ FS, NODEFS }: Runtime): void {
  NODEFS.stream_ops.fsync = ({ nfd, node }) => {
    try {
      if (nfd === undefined) syncFolder(NODEFS.realPath(node));
      else fs.fsyncSync(nfd);
      return 0;
    } catch {
      // What PostgreSQL understands: it refuses the commit and stops, for the data may never reach the disk.
      throw new FS.ErrnoError(EIO);
    }
  };
}

/** PGlite gives every new file the mode 0666, whatever the process's umask is. */
function makePrivate({ NODEFS }: Runtime): void {
  const { setattr } = NODEFS.node_ops;
  NODEFS.node_ops.setattr = (node, { mode, ...rest }) =>
    setattr(node, mode === undefined ? rest : { ...rest, mode: mode & ~0o077 });
}

function syncFolder(path: string): void {
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
