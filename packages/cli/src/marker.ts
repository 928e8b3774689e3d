/**
 * An environment marker as far as it is known for a machine: whether it holds, or what of it is left to be seen there, as
 * one operand of an `and`.
 */
export type Marker = boolean | string;

/** What every machine is. Source: Python packaging, "Dependency specifiers", environment markers. */
const MACHINE: Readonly<Record<string, string>> = {
  os_name: 'posix',
  sys_platform: 'linux',
  platform_system: 'Linux',
  platform_python_implementation: 'CPython',
  implementation_name: 'cpython',
  // A project's own extras are not asked for.
  extra: '',
};

const TOKEN = /\s*(\(|\)|"[^"]*"|'[^']*'|[<>=!~]=?=?|[\w.]+)/y;

/**
 * Reads a marker for machines of any version of Python and any architecture.
 * @throws {SyntaxError} when it is none.
 */
export function markerOn(text: string): Marker {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const [, token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw new SyntaxError(`no marker: ${text}`);
    tokens.push(token);
  }
  const reader = new Reader(tokens);
  const marker = reader.either();
  if (!reader.isDone) throw new SyntaxError(`no marker: ${text}`);
  return marker;
}

class Reader {
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get isDone(): boolean {
    return this.#next === this.#tokens.length;
  }

  either(): Marker {
    const operands = [this.#both()];
    while (this.#takes('or')) operands.push(this.#both());
    if (operands.includes(true)) return true;
    const open = [...new Set(operands.filter((operand) => typeof operand === 'string'))];
    return open.length > 1 ? `(${open.join(' or ')})` : (open[0] ?? false);
  }

  #both(): Marker {
    const operands = [this.#operand()];
    while (this.#takes('and')) operands.push(this.#operand());
    if (operands.includes(false)) return false;
    const open = [...new Set(operands.filter((operand) => typeof operand === 'string'))];
    return open.length > 0 ? open.join(' and ') : true;
  }

  #operand(): Marker {
    if (!this.#takes('(')) return this.#comparison();
    const marker = this.either();
    if (!this.#takes(')')) throw new SyntaxError('a bracket is never closed');
    return marker;
  }

  #comparison(): Marker {
    const left = this.#take();
    const not = this.#takes('not');
    const sign = this.#take();
    const right = this.#take();
    const [known, other] = left in MACHINE ? [MACHINE[left], right] : [MACHINE[right], left];
    const value = other.slice(1, -1);
    switch (known === undefined ? '' : sign) {
      case '==':
        return known === value;
      case '!=':
        return known !== value;
      case 'in':
        return (left in MACHINE ? value.includes(known ?? '') : known?.includes(value) === true) !== not;
      default:
        return `${left} ${not ? 'not ' : ''}${sign} ${right}`;
    }
  }

  #takes(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false;
    this.#next += 1;
    return true;
  }

  #take(): string {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new SyntaxError('the marker ends too soon');
    this.#next += 1;
    return token;
  }
}
