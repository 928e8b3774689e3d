import { BadSetting } from '@daskup/server/home';
import { exportStore, importStore } from '@daskup/server/transfer';
import { failure } from './failure.ts';

const DONE = 0;
const FAILED = 1;
const BAD_COMMAND = 2;

/** Carries a whole store into a file or out of one; returns the exit code. */
export async function transfer(verb: 'export' | 'import', words: readonly string[], json: boolean): Promise<number> {
  const fail = (code: number, message: string) => failure(code, message, { json });
  const [file] = words;
  if (file === undefined || words.length > 1) return fail(BAD_COMMAND, `${verb} needs one file: daskup ${verb} FILE`);
  try {
    const moved = await (verb === 'export' ? exportStore : importStore)(file, process.env);
    if (json) {
      console.log(JSON.stringify({ verb, file, ...moved }));
      return DONE;
    }
    const { clusters, live, machines, ledger, events, environments } = moved;
    const rows = `${clusters} clusters (${live} live), ${machines} machines, ${ledger} ledger entries, ${events} events, ${environments} environments`;
    console.log(`${verb}ed ${rows} ${verb === 'export' ? 'to' : 'from'} ${file}`);
    if (verb === 'export')
      console.log('its clusters can be spoken to with the same secret key only: keep that too (docs/operations.md)');
    return DONE;
  } catch (error) {
    return fail(
      error instanceof BadSetting ? BAD_COMMAND : FAILED,
      error instanceof Error ? error.message : `${error}`,
    );
  }
}
