import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startPostgres } from './postgres.ts';

const run = promisify(execFile);

test('a server of the test’s own answers, and is gone with its files once disposed of', async () => {
  let pid: number;
  let url: string;
  {
    await using server = await startPostgres();
    pid = server.pid;
    url = await server.createDatabase('one');
    const { stdout } = await run('psql', ['--tuples-only', '--no-align', '--command', 'select 6 * 7', url]);
    expect(stdout.trim()).toBe('42');
  }
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  await expect(run('psql', ['--command', 'select 1', url])).rejects.toThrow('No such file or directory');
});
