import { parseArgs } from 'node:util';
import { PACES } from './lifecycle.ts';
import { installMoto } from './moto.ts';
import { startEc2 } from './start.ts';

// npm run emulator:ec2 -- --port 5777 [--pace ec2|quick] [--hollow daskup:role=worker] [--own-disks] [--container ghcr.io/org/name:tag=/venv/bin/python]
// npm run emulator:ec2 -- --install    moto alone, so that tests need not wait for it

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5777' },
    pace: { type: 'string', default: 'ec2' },
    hollow: { type: 'string' },
    container: { type: 'string', multiple: true, default: [] },
    'own-disks': { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
  },
});
const pace = Object.entries(PACES).find(([name]) => name === values.pace)?.[1];
if (!pace || !/^\d+$/.test(values.port)) {
  console.error(
    'usage: npm run emulator:ec2 -- [--port N] [--pace ec2|quick] [--hollow TAG=PATTERN] [--own-disks] [--container REFERENCE=PYTHON ...] | --install',
  );
  process.exit(2);
}
if (values.install) {
  await installMoto();
  process.exit(0);
}
console.error('Starting; the first time this installs moto, which takes a minute or two');
const ec2 = await startEc2({
  port: Number(values.port),
  pace,
  ...(values['own-disks'] ? { cache: 'own' } : {}),
  ...(values.hollow === undefined ? {} : { hollow: values.hollow }),
  containers: Object.fromEntries(values.container.map((one) => one.split(/=(?=[^=]*$)/))),
});
console.log(`EC2 at ${ec2.endpoint}, control at ${ec2.endpoint}/_emulator/{calls,meter,state,faults}. To use it:\n`);
for (const [name, value] of Object.entries(ec2.env)) console.log(`export ${name}=${value}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    const { micros, bills } = ec2.control.meter();
    console.log(`\n${bills.length} instances have cost $${(micros / 1e6).toFixed(6)}`);
    await ec2.close();
    process.exit(0);
  });
