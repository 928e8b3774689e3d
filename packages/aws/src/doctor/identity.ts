import type { STS } from '@aws-sdk/client-sts';
import type { Finding } from '@daskup/core/provision/provider';
import { describeSeconds } from '@daskup/core/spec/duration';

/** Certificates of a cluster hold a little before they are made, and AWS refuses calls that are five minutes off; milliseconds. */
const SKEW_MS = 60_000;

/** Who asks, and whether this computer's clock is right; `clock` also where nobody is let in. */
export interface Identity {
  readonly who: Promise<Finding>;
  readonly clock: Promise<Finding>;
}

export function identify(sts: STS, now: () => number): Identity {
  let date: number | null = null;
  sts.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers = {} } = (result.response ?? {}) as { readonly headers?: Readonly<Record<string, string>> };
      date = Date.parse(headers.date ?? '') - now();
      return result;
    },
    // Before an answer is read, which throws what it refuses.
    { step: 'deserialize', priority: 'low' },
  );
  const asked = sts.getCallerIdentity();
  return {
    who: asked.then(({ Account, Arn }) => ({ ok: true, message: `credentials: account ${Account}, ${Arn}` })),
    clock: asked.then(
      () => clockFinding(date),
      () => clockFinding(date),
    ),
  };
}

/** @param behindMs how far this computer's clock is behind AWS's, which is told to the second; null where AWS has not said. */
function clockFinding(behindMs: number | null): Finding {
  if (behindMs === null || Number.isNaN(behindMs)) return { ok: false, message: 'clock: AWS has not told the time' };
  const off = describeSeconds(Math.round(Math.abs(behindMs) / 1000));
  if (Math.abs(behindMs) < SKEW_MS) return { ok: true, message: "clock: as AWS's" };
  const direction = behindMs > 0 ? 'behind' : 'ahead of';
  return {
    ok: false,
    message: `clock: this computer's is ${off} ${direction} AWS's, which then refuses calls, and clusters certificates. Set it: timedatectl set-ntp true`,
  };
}
