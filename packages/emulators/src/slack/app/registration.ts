import { type Ids, secret } from '../ids.ts';
import type { Manifest } from './manifest.ts';

/** The app as Slack knows it, with the secrets that the two share. */
export interface Registration {
  readonly appId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly signingSecret: string;
  /** In every payload; deprecated for the signature, and still sent. */
  readonly verificationToken: string;
  /** For Socket Mode alone. */
  readonly appToken: string;
  readonly manifest: Manifest;
}

export function register(manifest: Manifest, ids: Ids): Registration {
  const appId = ids.next('A');
  return {
    appId,
    clientId: `${Math.floor(Math.random() * 1e12)}.${Math.floor(Math.random() * 1e12)}`,
    clientSecret: secret(),
    signingSecret: secret(),
    verificationToken: secret(12),
    appToken: `xapp-1-${appId}-${secret()}`,
    manifest,
  };
}
