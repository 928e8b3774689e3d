import { randomBytes } from 'node:crypto';
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { Seal } from './seal.ts';

const seal = new Seal(randomBytes(32));

test.prop([fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), fc.nat(), fc.nat(7)])(
  'what is sealed is read with its key at its place, and never otherwise',
  (text, place, elsewhere, at, bit) => {
    const sealed = seal.close(text, place);
    expect(seal.open(sealed, place)).toBe(text);
    expect(seal.close(text, place)).not.toBe(sealed);
    expect(new Seal(randomBytes(32)).open(sealed, place)).toBeNull();
    if (elsewhere !== place) expect(seal.open(sealed, elsewhere)).toBeNull();
    const bytes = Buffer.from(sealed, 'base64');
    bytes.writeUInt8(bytes.readUInt8(at % bytes.length) ^ (1 << bit), at % bytes.length);
    expect(seal.open(bytes.toString('base64'), place)).toBeNull();
    expect(seal.open(bytes.subarray(0, at % bytes.length).toString('base64'), place)).toBeNull();
  },
);

test('what was never sealed is not opened, and a short key is no key', () => {
  for (const text of ['', '{"ca":{}}', 'AAAA', '\0']) expect(seal.open(text, 'x')).toBeNull();
  expect(() => new Seal(randomBytes(31))).toThrow('32 bytes');
});
