/** One dollar in micro-dollars, the only unit in which money is kept: integers add up without rounding. */
export const DOLLAR = 1_000_000;

/**
 * What this many whole seconds cost at this price, both in micro-dollars, rounded to the nearest.
 * @throws {RangeError} when the product leaves the safe integers (a $9,000-an-hour machine for 11 days).
 */
export function priceOf(microsPerHour: number, seconds: number): number {
  const product = microsPerHour * seconds;
  if (!Number.isSafeInteger(product)) throw new RangeError(`${microsPerHour} micro-dollars an hour for ${seconds} s`);
  return Math.round(product / 3600);
}

/** Dollars and cents, with more digits where a cent would say nothing: `$12.30`, `$0.0042`, `$0.00`. */
export function dollars(micros: number): string {
  const value = micros / DOLLAR;
  const digits = micros !== 0 && Math.abs(value) < 0.1 ? 4 : 2;
  return `$${value.toFixed(digits)}`;
}
