import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { MIGRATIONS } from './migrate.ts';
import * as schema from './schema.ts';

const Journal = z.object({ entries: z.array(z.object({ idx: z.int() })).min(1) });

async function json(name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(MIGRATIONS.migrationsFolder, 'meta', name), 'utf8'));
}

test('the migrations make the schema: drizzle-kit has nothing to add', async () => {
  const { entries } = Journal.parse(await json('_journal.json'));
  const last = String(entries.length - 1).padStart(4, '0');
  const snapshot = await json(`${last}_snapshot.json`);
  const now = generateDrizzleJson({ ...schema });
  expect(await generateMigration(Object.assign(generateDrizzleJson({}), snapshot), now)).toEqual([]);
});
