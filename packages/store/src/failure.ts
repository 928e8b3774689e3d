import { DrizzleQueryError } from 'drizzle-orm/errors';

/** The store could not do what it was asked. The message is for people and holds no value that was stored. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/**
 * Classes of SQLSTATE (PostgreSQL, appendix A) whose messages speak of the server, a right or a name in the schema. The
 * others quote what was being written, private keys included.
 */
const SPEAKABLE = new Set(['08', '25', '28', '3D', '40', '42', '53', '55', '57', '58']);

/**
 * Runs `work`; what the database or its driver throws becomes a {@link StoreError} that says `what` failed. The original
 * goes no further: the query, its parameters and the failing row hang on it, and whoever logs an error logs its cause.
 * Anything else that `work` throws passes unchanged.
 */
export async function naming<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const wrapped = error instanceof DrizzleQueryError;
    const fault = wrapped ? error.cause : error;
    if (fault instanceof StoreError) throw fault;
    const driver = fault instanceof Error && (wrapped || isAway(fault) || 'severity' in fault || 'syscall' in fault);
    if (driver) throw new StoreError(`${what}: ${reasonOf(fault)}`);
    throw error;
  }
}

function reasonOf(fault: Error): string {
  if (isAway(fault)) {
    return `the database does not answer (${messageOf(fault)}). Clusters that run go on running; try again once it does.`;
  }
  if ('severity' in fault && 'code' in fault && typeof fault.code === 'string') {
    if (SPEAKABLE.has(fault.code.slice(0, 2))) return fault.message;
    const where = 'constraint' in fault && typeof fault.constraint === 'string' ? ` (${fault.constraint})` : '';
    return `the database refused it with SQLSTATE ${fault.code}${where}`;
  }
  return fault.message;
}

/** SQLSTATEs of a server that is shutting down, starting, too slow or full, and Node.js's codes of a connection that is none. */
const AWAY = /^(08|57P0|57014|53300|25P03|ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)/;
/** The driver's own errors carry nothing but words. */
const AWAY_WORDS = /^(Connection terminated|Query read timeout|timeout expired|timeout exceeded|Client (was|has))/;

function isAway(fault: Error): boolean {
  if (fault instanceof AggregateError) return fault.errors.some((each) => each instanceof Error && isAway(each));
  const code = 'code' in fault && typeof fault.code === 'string' ? fault.code : null;
  if (code === null) return AWAY_WORDS.test(fault.message);
  return AWAY.test(code) || ('syscall' in fault && fault.syscall === 'connect');
}

function messageOf(fault: Error): string {
  // One name, several addresses: Node.js says nothing itself and keeps what happened at each.
  return fault instanceof AggregateError ? fault.errors.map((each: unknown) => String(each)).join('; ') : fault.message;
}
