import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

/** Amazon's own service that answers with the address it was asked from. */
export const CHECKIP = 'https://checkip.amazonaws.com';
const ANSWER_MS = 5_000;

/**
 * The public address by which this computer reaches AWS.
 * @param checkip what answers with the address it was asked from, as {@link CHECKIP} does.
 * @throws {Error} when it cannot be learnt now.
 */
export async function publicAddress(checkip: string): Promise<string> {
  const text = await fetch(checkip, { redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) })
    .then((answer) => answer.text())
    .catch((error: unknown) => {
      const fix = 'Let this computer reach it, or name another such service (DASKUP_AWS_CHECKIP)';
      throw new Error(`${checkip} does not tell by which address this computer reaches AWS. ${fix}`, { cause: error });
    });
  const address = text.trim();
  if (!isIPv4(address)) throw new Error(`${checkip} answered with something that is no IPv4 address`);
  return address;
}

/** The address by which this computer would send to another in its networks. Nothing is sent. */
export async function privateAddress(to: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.connect(9, to);
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}
