/** An answer to be: lists become `<item>` elements, dates ISO 8601; what is undefined is left out. */
export type Answer =
  | string
  | number
  | boolean
  | Date
  | undefined
  | readonly Answer[]
  | { readonly [name: string]: Answer };

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML as EC2 writes it. */
export function element(name: string, value: Answer): string {
  return value === undefined ? '' : `<${name}>${content(value)}</${name}>`;
}

/** A successful answer to an EC2 call. */
export function ec2Answer(action: string, requestId: string, answer: { readonly [name: string]: Answer }): string {
  const inside = content({ requestId, ...answer });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${inside}</${action}Response>`;
}

/** A refusal of an EC2 call. */
export function ec2Error(code: string, message: string, requestId: string): string {
  const inside = content({ Errors: { Error: { Code: code, Message: message } }, RequestID: requestId });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Response>${inside}</Response>`;
}

function content(value: Answer): string {
  if (value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => element('item', item)).join('');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([name, part]) => element(name, part))
      .join('');
  // Most texts need none of it, and a description of a thousand instances has very many.
  const text = String(value);
  return /[&<>"]/.test(text) ? text.replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign) : text;
}
