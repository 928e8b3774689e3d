/** The widest range that clients may be let in from, by the bits that its addresses share: 16 million addresses. */
const WIDEST = 8;

/**
 * The canonical CIDR block of an IPv4 address or range: `203.0.113.0/24` of `203.0.113.7/24`, `203.0.113.7/32` of the
 * address alone. Null when it is neither.
 */
export function rangeOf(text: string): string | null {
  const [, address, bits = '32'] = /^((?:\d{1,3}\.){3}\d{1,3})(?:\/(\d{1,2}))?$/.exec(text) ?? [];
  const parts = address?.split('.').map(Number) ?? [];
  if (parts.length === 0 || parts.some((part) => part > 255) || Number(bits) > 32) return null;
  const masked = parts.map((part, i) => part & (0xff00 >> Math.min(8, Math.max(0, Number(bits) - 8 * i))) & 0xff);
  return `${masked.join('.')}/${Number(bits)}`;
}

/** Whether a {@link rangeOf} has more addresses than any one place has. */
export function isTooWide(range: string): boolean {
  return Number(range.split('/')[1]) < WIDEST;
}
