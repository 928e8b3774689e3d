// The certificate library's dependency container needs it, and asks that the program load it first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import type { Credentials, KeyPair } from '@daskup/core/provision/provider';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Machines whose clocks are a little behind must accept a certificate made just now; milliseconds. */
const CLOCK_SKEW_MS = 3_600_000;

/**
 * The name that a scheduler proves by its certificate. The same for all clusters: which cluster it is, its authority
 * tells, since each has its own.
 */
export const SCHEDULER_NAME = 'scheduler.daskup.internal';

/** Makes a cluster's own authority and a certificate a role, all P-256, valid from an hour before `now`. */
export async function issueCredentials(clusterName: string, now: Date, lifetimeSeconds: number): Promise<Credentials> {
  const validity = {
    notBefore: new Date(now.getTime() - CLOCK_SKEW_MS),
    notAfter: new Date(now.getTime() + lifetimeSeconds * 1000),
  };
  const [caKeys, ...keys] = await Promise.all([newKeys(), newKeys(), newKeys(), newKeys()]);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serial(),
    name: `CN=daskup ${clusterName}`,
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const leaf = async (role: string, pair: webcrypto.CryptoKeyPair): Promise<KeyPair> => {
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity,
      serialNumber: serial(),
      subject: `CN=${role}, OU=${clusterName}`,
      issuer: ca.subject,
      publicKey: pair.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: `${role}.daskup.internal` }]),
      ],
    });
    return { cert: certificate.toString('pem'), key: await pem(pair) };
  };
  const [schedulerKeys, workerKeys, clientKeys] = keys;
  const [scheduler, worker, client] = await Promise.all([
    leaf('scheduler', schedulerKeys),
    leaf('worker', workerKeys),
    leaf('client', clientKeys),
  ]);
  return { ca: { cert: ca.toString('pem'), key: await pem(caKeys) }, scheduler, worker, client };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function pem(pair: webcrypto.CryptoKeyPair): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey('pkcs8', pair.privateKey);
  return x509.PemConverter.encode(bytes, 'PRIVATE KEY');
}

/** 16 random bytes; the first bit is clear, since a serial number is positive. */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return Buffer.from(bytes).toString('hex');
}
