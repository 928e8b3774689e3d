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
    if (
      fault instanceof Error &&
      (wrapped || 'severity' in fault || 'syscall' in fault || fault instanceof AggregateError)
    ) {
      throw new StoreError(`${what}: ${reasonOf(fault)}`);
    }
    throw error;
  }
}

function reasonOf(fault: Error): string {
  if ('severity' in fault && 'code' in fault && typeof fault.code === 'string') {
    if (SPEAKABLE.has(fault.code.slice(0, 2))) return fault.message;
    const where = 'constraint' in fault && typeof fault.constraint === 'string' ? ` (${fault.constraint})` : '';
    return `the database refused it with SQLSTATE ${fault.code}${where}`;
  }
  // One name, several addresses: Node.js says nothing itself and keeps what happened at each.
  if (fault instanceof AggregateError) return fault.errors.map((each: unknown) => String(each)).join('; ');
  return fault.message;
}
