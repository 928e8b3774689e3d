import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

/** Amazon's own service that answers with the address it was asked from. */
const ECHO = 'https://checkip.amazonaws.com';
const ECHO_MS = 5_000;

/**
 * The public address by which this computer reaches AWS.
 * @throws {Error} when it cannot be learnt now.
 */
export async function publicAddress(): Promise<string> {
  const text = await fetch(ECHO, { signal: AbortSignal.timeout(ECHO_MS) })
    .then((answer) => answer.text())
    .catch((error: unknown) => {
      throw new Error(`${ECHO} does not tell by which address this server reaches AWS`, { cause: error });
    });
  const address = text.trim();
  if (!isIPv4(address)) throw new Error(`${ECHO} answered with something that is no IPv4 address`);
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
