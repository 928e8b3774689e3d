import { getTableColumns, type InferInsertModel, type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';

/**
 * Inserts any number of rows in one statement with one parameter: `values` would need one a cell, and PostgreSQL takes
 * no more than 65,535. All rows have the same fields; there is at least one.
 */
export function insertRows<T extends PgTable>(table: T, rows: readonly InferInsertModel<T>[], onConflict?: SQL): SQL {
  const columns = columnsOf(table, rows);
  const named = rows.map((row) => Object.fromEntries(columns.map(({ key, name }) => [name, Reflect.get(row, key)])));
  const names = sql.join(
    columns.map(({ name }) => sql.identifier(name)),
    sql`, `,
  );
  const conflict = onConflict ? sql` on conflict ${onConflict}` : sql``;
  return sql`insert into ${table} (${names}) select ${names} from jsonb_populate_recordset(null::${table}, ${json(named)}::text::jsonb)${conflict}`;
}

/** As {@link insertRows}; a row whose `id` is there already is replaced, and of two in `rows` the last counts. */
export function upsertRows<T extends PgTable>(
  table: T,
  rows: readonly (InferInsertModel<T> & { readonly id: string })[],
): SQL {
  // One statement may not touch a row twice.
  const last = [...new Map(rows.map((row) => [row.id, row])).values()];
  const changes = columnsOf(table, last).map(
    ({ name }) => sql`${sql.identifier(name)} = excluded.${sql.identifier(name)}`,
  );
  return insertRows(table, last, sql`(id) do update set ${sql.join(changes, sql`, `)}`);
}

function columnsOf(table: PgTable, rows: readonly object[]): { readonly key: string; readonly name: string }[] {
  const [first = {}] = rows;
  return Object.entries(getTableColumns(table))
    .filter(([key]) => key in first)
    .map(([key, column]) => ({ key, name: column.name }));
}

/** JSON that PostgreSQL takes whatever a machine printed: its text has no NUL and no half of a surrogate pair. */
function json(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'string' ? part.toWellFormed().replaceAll('\0', '\uFFFD') : part,
  );
}
