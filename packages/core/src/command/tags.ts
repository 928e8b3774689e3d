import { MOST_TAGS, type Tag, tagProblem } from '../spec/tag.ts';
import { shown } from './error.ts';
import type { Notation } from './notation.ts';

/** Tags as `key=value`, joined by commas; a value may be empty, and have a `=` in it. */
export const tags: Notation<readonly Tag[]> = {
  expected: 'tags joined by commas, such as team=data,stage=prod',
  parse(text) {
    const value: Tag[] = [];
    let start = 0;
    for (const item of text.split(',')) {
      const within = { start, end: start + item.length };
      start = within.end + 1;
      if (item === '') return { ok: false, problem: 'nothing stands on one side of a ,', within };
      const [, key = '', said] = /^([^=]*)=(.*)$/s.exec(item) ?? [];
      if (said === undefined) return { ok: false, problem: `${shown(item)} has no value`, within, ...meant(item) };
      const tag = { key, value: said };
      const complaint = tagProblem(tag);
      if (complaint) return { ok: false, ...complaint, within };
      if (value.some((other) => other.key === key))
        return { ok: false, problem: `${shown(key)} is given twice`, expected: 'it once', within };
      value.push(tag);
    }
    if (value.length > MOST_TAGS)
      return { ok: false, problem: `${value.length} tags are too many`, expected: `at most ${MOST_TAGS}` };
    return { ok: true, value };
  },
  format: (value) => value.map((tag) => `${tag.key}=${tag.value}`).join(','),
};

/** Other tools write `team:data`. */
function meant(item: string): { readonly nearest?: string } {
  const [, key = '', value = ''] = /^([^:]+):([^:]+)$/.exec(item) ?? [];
  return key !== '' && tagProblem({ key, value }) === null ? { nearest: `${key}=${value}` } : {};
}
