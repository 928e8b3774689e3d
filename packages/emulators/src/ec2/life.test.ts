import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { GetConsoleOutputCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { Account, base64, eventually, idsOf } from './testing/account.ts';
import { emulator } from './testing/emulator.ts';

const ec2 = emulator({ hollow: 'role=work*' });

const PREAMBLE = `#!/bin/bash
imds() { curl -sf -H "X-aws-ec2-metadata-token: $token" "$AWS_EC2_METADATA_SERVICE_ENDPOINT/latest/$1"; }
token=$(curl -sf -X PUT "$AWS_EC2_METADATA_SERVICE_ENDPOINT/latest/api/token" -H 'X-aws-ec2-metadata-token-ttl-seconds: 60')
`;

async function launch(me: Account, script: string, more: Parameters<Account['run']>[0] = {}): Promise<string> {
  const [instance] = await me.run({
    UserData: base64(PREAMBLE + script),
    InstanceInitiatedShutdownBehavior: 'terminate',
    MetadataOptions: { HttpTokens: 'required' },
    ...more,
  });
  return instance?.InstanceId ?? '';
}

/** What it printed, once that matches. */
function printed(me: Account, id: string, wanted: RegExp): Promise<string> {
  const read = async () => {
    const { Output = '' } = await me.ec2.send(new GetConsoleOutputCommand({ InstanceId: id, Latest: true }));
    return Buffer.from(Output, 'base64').toString();
  };
  return eventually(read, (text) => wanted.test(text));
}

/** Whether there is such a process. Its first process may take its time to bury an orphan. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** The process that printed its number. */
const pidIn = (log: string) => Number(/pid=(\d+)/.exec(log)?.[1]);

/** Reads until the process is gone. */
async function gone(pid: number): Promise<void> {
  expect(pid).toBeGreaterThan(1);
  await eventually(
    async () => isAlive(pid),
    (alive) => !alive,
  );
}

test('user data runs, and the metadata service tells it who it is', async () => {
  const me = new Account(ec2());
  const id = await launch(
    me,
    `echo "id=$(imds meta-data/instance-id) ip=$(imds meta-data/local-ipv4) zone=$(imds meta-data/placement/availability-zone)"
echo "data=$(imds user-data | head -n 1) dir=$([[ -d $DASKUP_DIR ]] && echo yes)"
echo "without=$(curl -s -o /dev/null -w '%{http_code}' "$AWS_EC2_METADATA_SERVICE_ENDPOINT/latest/meta-data/instance-id")"
echo "notice=$(imds meta-data/spot/instance-action || echo none)"; echo end`,
  );
  const [instance] = await me.until('running');
  const text = await printed(me, id, /end\n/);
  expect(text).toContain(`id=${id} ip=${instance?.PrivateIpAddress} zone=${instance?.Placement?.AvailabilityZone}`);
  expect(text).toContain('data=#!/bin/bash dir=yes');
  expect(text).toContain('without=401');
  expect(text).toContain('notice=none');
});

test('the commands of a cloud-config run, in their order, and nothing else of it', async () => {
  const me = new Account(ec2());
  const config = `#cloud-config
packages: [no-such-package]
runcmd:
  - echo "a line $((1 + 1))"
  - [echo, "it's", '$HOME', 3]
  - 'echo "in ''quotes''"; echo end'
`;
  const [id, empty, wrong] = await Promise.all(
    [config, '#cloud-config\n', '#cloud-config\nruncmd: 7\n'].map(async (data) => {
      const [instance] = await me.run({ UserData: base64(data) });
      return instance?.InstanceId ?? '';
    }),
  );
  expect(await printed(me, id ?? '', /end\n/)).toBe("a line 2\nit's $HOME 3\nin 'quotes'\nend\n");
  expect(await printed(me, wrong ?? '', /\n/)).toContain('cloud-init: Failed loading yaml');
  await me.until('running', [empty ?? '']);
});

test('user data that cannot run leaves an instance that does nothing; packed user data runs', async () => {
  const me = new Account(ec2());
  const [strange, prose, garbage, packed] = await Promise.all(
    [
      '#!/no/such/shell\n',
      'Dear computer\n',
      Buffer.from([0x1f, 0x8b, 0]),
      gzipSync('#!/bin/bash\necho unpacked\n'),
    ].map(async (data) => {
      const [instance] = await me.run({ UserData: Buffer.from(data).toString('base64') });
      return instance?.InstanceId ?? '';
    }),
  );
  await printed(me, strange ?? '', /ENOENT/);
  await printed(me, prose ?? '', /no script/);
  await printed(me, garbage ?? '', /no script/);
  await printed(me, packed ?? '', /unpacked/);
  await me.until('running');
});

test('shutdown on the instance terminates it with all its processes; where it should stop, it stops', async () => {
  const me = new Account(ec2());
  const quick = await launch(me, 'sleep 600 & echo "pid=$!"; echo bye; shutdown -h now; sleep 600');
  const [ended] = await me.until('terminated', [quick]);
  expect(ended?.StateReason?.Code).toBe('Client.InstanceInitiatedShutdown');
  const log = await printed(me, quick, /bye/);
  await gone(pidIn(log));
  const stopping = await launch(me, 'shutdown -h now', { InstanceInitiatedShutdownBehavior: 'stop' });
  await me.until('stopped', [stopping]);
});

test('to terminate ends all its processes, and what it printed can still be read', async () => {
  const me = new Account(ec2());
  const id = await launch(me, 'sleep 600 & echo "pid=$!"; sleep 600');
  const pid = pidIn(await printed(me, id, /pid=/));
  expect(isAlive(pid)).toBe(true);
  await me.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await me.until('terminated', [id]);
  await gone(pid);
  await printed(me, id, /pid=/);
  // Without Latest EC2 gives what it has posted, at an end for one.
  const { Output = '' } = await me.ec2.send(new GetConsoleOutputCommand({ InstanceId: id }));
  expect(Buffer.from(Output, 'base64').toString()).toContain('pid=');
});

test('a spot instance hears that it will be taken back, and is, two minutes later', async () => {
  const me = new Account(ec2());
  const id = await launch(me, 'until imds meta-data/spot/instance-action; do sleep 0.1; done; sleep 600', {
    InstanceMarketOptions: { MarketType: 'spot' },
  });
  const steady = await launch(me, 'sleep 600');
  await me.until('running');
  expect(ec2().control.reclaim({ match: steady })).toEqual([]);
  expect(ec2().control.reclaim({ match: id })).toEqual([id]);
  expect(await printed(me, id, /terminate/)).toMatch(/"action":"terminate","time":"\d{4}-\d\d-\d\dT/);
  await me.until('running', [id]);
  ec2().control.advance(120_000);
  const [ended] = await me.until('terminated', [id]);
  expect(ended?.StateReason?.Code).toBe('Server.SpotInstanceTermination');
  await me.until('running', [steady]);
});

test('instances can be left hollow, never boot, or break in the middle', async () => {
  const me = new Account(ec2());
  const script = 'echo "pid=$$"; sleep 600';
  const tags = [{ ResourceType: 'instance' as const, Tags: [{ Key: 'role', Value: 'worker' }] }];
  const hollow = await launch(me, script, { TagSpecifications: tags });
  ec2().control.setFaults({ neverBoot: 1 });
  const dead = await launch(me, script);
  ec2().control.setFaults({ neverBoot: 0, failBoot: 1 });
  const broken = await launch(me, script);
  ec2().control.setFaults({ failBoot: 0 });
  const whole = await launch(me, script);
  const log = await printed(me, broken, /pid=/);
  await gone(pidIn(log));
  await printed(me, whole, /pid=/);
  const running = await me.until('running');
  expect(idsOf(running)).toHaveLength(4);
  for (const id of [hollow, dead]) {
    const { Output } = await me.ec2.send(new GetConsoleOutputCommand({ InstanceId: id, Latest: true }));
    expect(Output).toBe('');
  }
});
