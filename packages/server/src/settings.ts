import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CHECKIP } from '@daskup/aws/network/own-address';
import type { Own } from '@daskup/aws/own';
import * as z from 'zod/mini';
import { BadSetting, homeFrom } from './home.ts';
import { SECRET_KEY } from './secret-key.ts';

/** Ids of one kind, of any regions. */
const Ids = (kind: string) => {
  const id = `${kind}-[0-9a-f]+`;
  return z.optional(
    z.pipe(
      z.string().check(z.regex(new RegExp(`^${id}(,${id})*$`))),
      z.transform((ids) => ids.split(',')),
    ),
  );
};

const Environment = z.object({
  DASKUP_HOME: z.optional(z.string().check(z.minLength(1))),
  XDG_CACHE_HOME: z.optional(z.string().check(z.minLength(1))),
  DATABASE_URL: z.optional(z.string().check(z.regex(/^postgres(ql)?:\/\//))),
  DASKUP_LISTEN: z.optional(z.string().check(z.regex(/^[^:\s]+:\d{1,5}$/), z.refine(hasPort))),
  DASKUP_TOKEN: z.optional(z.string().check(z.minLength(16))),
  DASKUP_SECRET_KEY: z.optional(z.string().check(z.regex(SECRET_KEY))),
  DASKUP_AWS_NETWORK: z.optional(z.enum(['public', 'private'])),
  DASKUP_AWS_VPC: Ids('vpc'),
  DASKUP_AWS_SUBNETS: Ids('subnet'),
  DASKUP_AWS_SECURITY_GROUPS: Ids('sg'),
  DASKUP_AWS_INSTANCE_PROFILE: z.optional(
    z.string().check(z.regex(/^([\w+=,.@-]{1,128}|arn:[\w-]+:iam::\d{12}:instance-profile\/[\w+=,.@/-]+)$/)),
  ),
  DASKUP_AWS_KEY_NAME: z.optional(z.string().check(z.regex(/^[ -~]{1,255}$/))),
  DASKUP_AWS_CHECKIP: z.optional(z.string().check(z.refine(isTamperProof))),
});

const MEANING: Readonly<Record<string, string>> = {
  DASKUP_HOME: 'a folder',
  XDG_CACHE_HOME: 'a folder',
  DATABASE_URL: 'a PostgreSQL address such as postgres://user@host/database',
  DASKUP_LISTEN: 'an address and a port from 1 to 65535, such as 127.0.0.1:8080',
  DASKUP_TOKEN: 'at least 16 characters',
  DASKUP_SECRET_KEY: '32 random bytes in base64, as openssl rand -base64 32 prints them',
  DASKUP_AWS_NETWORK: 'public or private',
  DASKUP_AWS_VPC: 'ids of VPCs joined by commas, such as vpc-0a1b2c3d,vpc-4e5f6071',
  DASKUP_AWS_SUBNETS: 'ids of subnets joined by commas, such as subnet-0a1b2c3d,subnet-4e5f6071',
  DASKUP_AWS_SECURITY_GROUPS: 'ids of security groups joined by commas, such as sg-0a1b2c3d,sg-4e5f6071',
  DASKUP_AWS_INSTANCE_PROFILE: 'the name or ARN of an instance profile (not of a role)',
  DASKUP_AWS_KEY_NAME: 'the name of a key pair',
  DASKUP_AWS_CHECKIP: 'an https address such as https://checkip.amazonaws.com, or an http one of this computer',
};

function hasPort(listen: string): boolean {
  const port = Number(listen.split(':')[1]);
  return port >= 1 && port <= 65_535;
}

/** Who could change the answer on its way could let himself in. */
function isTamperProof(text: string): boolean {
  const { protocol, hostname } = URL.parse(text) ?? {};
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname ?? ''));
}

export interface Settings {
  readonly home: string;
  /** Software environments of local machines. */
  readonly cache: string;
  readonly databaseUrl: string | null;
  /** What the store is sealed with; null means the key that is kept in the home. */
  readonly secretKey: Uint8Array | null;
  /** Where to listen on TCP besides the Unix socket, and the token that every request must then carry. */
  readonly tcp: { readonly host: string; readonly port: number; readonly token: string } | null;
  /** What is remembered of AWS: another account, or a stand-in for AWS, is another folder. */
  readonly awsCache: string;
  /** Whether machines of EC2 have public addresses; without, server and clients are in their network. */
  readonly isAwsPublic: boolean;
  readonly awsOwn: Own;
  /** What answers with the public address that it is asked from. */
  readonly awsCheckip: string;
}

/**
 * Reads the settings from a process's environment, once, when it starts.
 * @throws {BadSetting} that names the variable and what it must be.
 */
export function settingsFrom(env: NodeJS.ProcessEnv): Settings {
  const read = Environment.safeParse(env);
  if (!read.success) {
    const name = String(read.error.issues[0]?.path[0]);
    throw new BadSetting(`${name} must be ${MEANING[name] ?? 'set otherwise'}`);
  }
  const { XDG_CACHE_HOME, DATABASE_URL, DASKUP_LISTEN, DASKUP_TOKEN, DASKUP_SECRET_KEY } = read.data;
  const { DASKUP_AWS_NETWORK, DASKUP_AWS_CHECKIP } = read.data;
  if (DASKUP_LISTEN && !DASKUP_TOKEN)
    throw new BadSetting('DASKUP_LISTEN opens a TCP port: set DASKUP_TOKEN to a secret too');
  // Other servers of that database must read what this one stores, and have homes of their own.
  if (DATABASE_URL && !DASKUP_SECRET_KEY)
    throw new BadSetting(
      'DATABASE_URL needs DASKUP_SECRET_KEY too: 32 random bytes in base64 (openssl rand -base64 32), the same for every server of that database',
    );
  const [host = '', port = ''] = DASKUP_LISTEN?.split(':') ?? [];
  return {
    home: homeFrom(env),
    cache: join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'daskup', 'environments'),
    databaseUrl: DATABASE_URL ?? null,
    secretKey: DASKUP_SECRET_KEY ? Buffer.from(DASKUP_SECRET_KEY, 'base64') : null,
    tcp: DASKUP_LISTEN && DASKUP_TOKEN ? { host, port: Number(port), token: DASKUP_TOKEN } : null,
    awsCache: join(homeFrom(env), 'aws', digestOf(env.AWS_ENDPOINT_URL ?? '', env.AWS_PROFILE ?? '')),
    isAwsPublic: DASKUP_AWS_NETWORK !== 'private',
    awsOwn: {
      vpcs: read.data.DASKUP_AWS_VPC ?? [],
      subnets: read.data.DASKUP_AWS_SUBNETS ?? [],
      securityGroups: read.data.DASKUP_AWS_SECURITY_GROUPS ?? [],
      instanceProfile: read.data.DASKUP_AWS_INSTANCE_PROFILE ?? null,
      keyName: read.data.DASKUP_AWS_KEY_NAME ?? null,
    },
    awsCheckip: DASKUP_AWS_CHECKIP ?? CHECKIP,
  };
}

function digestOf(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 12);
}
