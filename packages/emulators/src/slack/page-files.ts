import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page takes nothing from elsewhere, and runs nothing that is not a file of its folder. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

export interface FileReply {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A file of the page's folder; null when there is none of that name. */
export async function pageFile(path: string): Promise<FileReply | null> {
  const name = path === '/' ? 'index.html' : /^\/page\/([a-z][a-z-]*\.(?:js|css|svg))$/.exec(path)?.[1];
  if (name === undefined) return null;
  try {
    return {
      headers: {
        'content-type': TYPES[extname(name)] ?? 'text/plain',
        'content-security-policy': CSP,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      },
      body: await readFile(new URL(`page/${name}`, import.meta.url)),
    };
  } catch {
    return null;
  }
}
