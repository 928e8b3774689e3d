import { describe, expect, it } from 'vitest';
import { LIMITS } from '../spec/limits.ts';
import type { Command, Request } from './command.ts';
import { parse } from './parse.ts';
import { BARE_WORDS, OPTIONS, REGION, VERB_NAMES, VERBS, VOCABULARY } from './words.ts';

function commandOf(line: string): Command {
  const parsed = parse(line);
  if (!parsed.ok) throw new Error(`${line}: ${parsed.error.message}`);
  return parsed.command;
}

/** What is said about the words after `up 4`. */
function request(words: string): Partial<Request> {
  const command = commandOf(`up 4 ${words}`);
  if (command.verb !== 'up') throw new Error(command.verb);
  const { workers, ...rest } = command.request;
  return rest;
}

/** The error of a line, as the part of the line it points at and its message. */
function error(line: string, limits = LIMITS): [at: string, message: string] {
  const parsed = parse(line, limits);
  if (parsed.ok) throw new Error(`accepted: ${line}`);
  return [line.slice(parsed.error.start, parsed.error.end), parsed.error.message];
}

describe('parse', () => {
  it('reads what a cluster is to be', () => {
    const line = 'up 20..100 spot arm us-west-1+eu-west-2 cpu=4 memory=16GiB ttl=4h idle=20m name=etl';
    expect(commandOf(line)).toEqual({
      verb: 'up',
      request: {
        workers: { min: 20, max: 100 },
        market: 'spot',
        architecture: 'arm64',
        regions: ['us-west-1', 'eu-west-2'],
        cpu: 4,
        memoryGiB: 16,
        ttlSeconds: 14_400,
        idleSeconds: 1200,
        name: 'etl',
      },
    });
    expect(request('gpu=1')).toEqual({ gpu: { count: 1, kind: null } });
    expect(request('gpu=A100')).toEqual({ gpu: { count: 1, kind: 'a100' } });
    expect(request('gpu=2xa10g ssd type=g5.xlarge,g6.*,c7g zones=any max-price=0.40 budget=40usd')).toEqual({
      gpu: { count: 2, kind: 'a10g' },
      ssd: true,
      types: ['g5.xlarge', 'g6', 'c7g'],
      zones: 'any',
      maxPriceMicros: 400_000,
      budgetMicros: 40_000_000,
    });
    expect(request('away=2m quorum=90% python=/opt/venv/bin/python')).toEqual({
      awaySeconds: 120,
      quorum: 0.9,
      python: '/opt/venv/bin/python',
    });
    expect(request('disk=0.5TiB scheduler=M7g.xlarge,m8g.* tags="Team=data science,stage=,eq=a=b"')).toEqual({
      diskGiB: 512,
      schedulerTypes: ['m7g.xlarge', 'm8g'],
      tags: [
        { key: 'Team', value: 'data science' },
        { key: 'stage', value: '' },
        { key: 'eq', value: 'a=b' },
      ],
    });
    expect(request('env="my requirements.txt"')).toEqual({ env: 'my requirements.txt' });
    expect(request('env=etl')).toEqual({ env: 'etl' });
    expect(request('image=AMI-0123456789ABCDEF0 env=uv.lock')).toEqual({
      image: { kind: 'machine', id: 'ami-0123456789abcdef0' },
      env: 'uv.lock',
    });
    for (const reference of [
      'ghcr.io/org/name:Tag_1.0',
      'localhost:5000/dask',
      'daskdev/dask',
      'python:3.12',
      `ghcr.io/org/name@sha256:${'0a'.repeat(32)}`,
    ])
      expect(request(`image=${reference}`)).toEqual({ image: { kind: 'container', reference } });
  });

  it.each<[string, Command]>([
    ['plan 100 spot', { verb: 'plan', request: { workers: { min: 100, max: 100 }, market: 'spot' } }],
    ['scale etl 80', { verb: 'scale', name: 'etl', workers: { min: 80, max: 80 } }],
    ['scale etl 10..100', { verb: 'scale', name: 'etl', workers: { min: 10, max: 100 } }],
    ['extend etl 2h', { verb: 'extend', name: 'etl', seconds: 7200 }],
    ['down etl', { verb: 'down', target: { name: 'etl' } }],
    ['down --all', { verb: 'down', target: { all: true } }],
    ['down —all', { verb: 'down', target: { all: true } }],
    ['ls', { verb: 'ls' }],
    ['env ls', { verb: 'env', task: { do: 'ls' } }],
    ['env add etl ./requirements', { verb: 'env', task: { do: 'add', name: 'etl', file: './requirements' } }],
    ['env SHOW etl', { verb: 'env', task: { do: 'show', name: 'etl' } }],
    ['env rm etl', { verb: 'env', task: { do: 'rm', name: 'etl' } }],
    ['status etl', { verb: 'status', name: 'etl' }],
    ['connect etl', { verb: 'connect', name: 'etl' }],
    ['connect etl from 203.0.113.7', { verb: 'connect', name: 'etl', from: '203.0.113.7/32' }],
    ['connect etl FROM 203.0.113.7/24', { verb: 'connect', name: 'etl', from: '203.0.113.0/24' }],
    ['logs etl', { verb: 'logs', name: 'etl' }],
    ['reclaim etl', { verb: 'reclaim', name: 'etl' }],
    ['cost', { verb: 'cost', period: 'today' }],
    ['cost 7d', { verb: 'cost', period: '7d' }],
    ['cost by type', { verb: 'cost', period: 'today', by: 'type' }],
    ['cost month by user', { verb: 'cost', period: 'month', by: 'user' }],
    ['help', { verb: 'help' }],
    ['help TTL=', { verb: 'help', word: 'ttl' }],
    ['Ls', { verb: 'ls' }],
  ])('reads %s', (line, command) => {
    expect(commandOf(line)).toEqual(command);
  });

  it.each([
    // Verbs
    ['', '', 'the line is empty; expected a command: up, plan,'],
    ['upp 4', 'upp', 'no command upp; did you mean up?'],
    ['stop etl', 'stop', 'no command stop; did you mean down?'],
    ['xyzzy', 'xyzzy', 'no command xyzzy; expected a command: up,'],
    ['--help', '--help', 'no command --help; did you mean help?'],
    ['50 spot', '50', 'a line begins with a command; did you mean up 50?'],
    ['up50', 'up50', 'a space is missing in up50; did you mean up 50?'],
    // Counts
    ['up', '', 'up needs a count; expected a number of workers such as 50, or a range such as 20..100'],
    ['up spot', 'spot', 'up needs a count before spot; expected a number'],
    ['up spot 50', 'up spot 50', 'the count 50 stands in the wrong place; did you mean up 50 spot?'],
    ['scale 80 etl', 'scale 80 etl', 'the count 80 stands in the wrong place; did you mean scale etl 80?'],
    ['scale etl', '', 'scale needs a count; expected a number'],
    ['up 0', '0', '0 workers are no cluster; expected 1 or more'],
    ['up 0..4', '0..4', '0..4 workers are no cluster; expected 1 or more'],
    ['up -4', '-4', 'the count -4 is negative; expected a number'],
    ['up 2.5', '2.5', 'the count 2.5 is not a whole number; expected'],
    ['up 1,000', '1,000', 'the count 1,000 is not a whole number; expected'],
    ['up 1001', '1001', '1001 is over the limit; expected at most 1000 workers'],
    [
      'up 1..99999999999999999999',
      '1..99999999999999999999',
      '1..99999999999999999999 is over the limit; expected at most',
    ],
    ['up 20..10', '20..10', 'the range 20..10 runs backwards; did you mean 10..20?'],
    ['up 20-100', '20-100', 'a range is written with two dots, not as 20-100; did you mean 20..100?'],
    ['up 20..', '20..', 'the range 20.. lacks one of its ends; expected'],
    ['up 20 .. 100', '..', '.. stands apart from its count; expected a range without spaces, such as 20..100'],
    ['up 50spot', '50spot', 'a space is missing in 50spot; did you mean 50 spot?'],
    ['up 0x10', '0x10', '0x10 is not a count; expected a number'],
    ['up 4, spot', '4,', 'the count 4, ends in a mark; did you mean 4?'],
    ['scale etl +2', '+2', '+2 is not a count; expected a number'],
    ['up 4 7', '7', 'a second count, 7; expected one, right after up'],
    // Bare words
    ['up 4 sopt', 'sopt', 'unknown word sopt; did you mean spot?'],
    ['up 4 amd64', 'amd64', 'unknown word amd64; did you mean x86?'],
    ['up 4 workers', 'up 4 workers', 'unknown word workers; did you mean up 4?'],
    [
      'up 4 xyzzyx',
      'xyzzyx',
      'unknown word xyzzyx; expected a word such as spot, a region such as eu-west-2 or an option',
    ],
    ['up 4 spot spot', 'spot', 'spot is given twice; expected it once'],
    ['up 4 spot spot-only', 'spot-only', 'spot-only contradicts spot; expected only one of them'],
    ['up 4 arm x86', 'x86', 'x86 contradicts arm; expected only one of them'],
    ['up 4 spot=yes', 'spot=yes', 'spot takes no value; did you mean spot?'],
    // Regions
    ['up 50 eu-west-22', 'eu-west-22', 'no region eu-west-22; did you mean eu-west-2?'],
    ['up 4 eu-west-2+us-wst-1', 'us-wst-1', 'no region us-wst-1; did you mean us-west-1?'],
    ['up 4 locla', 'locla', 'unknown word locla; did you mean local?'],
    ['up 4 eu-west-2+eu-west-2', 'eu-west-2', 'eu-west-2 is given twice; expected it once'],
    ['up 4 eu-west-1 eu-west-2', 'eu-west-2', 'regions are given twice; expected them joined by +'],
    ['up 4 region=eu-west-2', 'region=eu-west-2', 'no option region; did you mean eu-west-2?'],
    // Options
    ['up 4 kpu=8', 'kpu=8', 'no option kpu; did you mean cpu=8?'],
    ['up 4 worker-memory=8g', 'worker-memory=8g', 'no option worker-memory; did you mean memory=8g?'],
    ['up 4 workers=9', 'up 4 workers=9', 'no option workers; did you mean up 9?'],
    ['up 4 xyzzyx=1', 'xyzzyx=1', 'no option xyzzyx; expected one of cpu= memory='],
    ['up 4 ttl', 'ttl', 'ttl has no value; did you mean ttl=4h?'],
    ['up 4 ttl=', '', 'ttl: the value is empty; expected a duration such as 45s, 90m, 1h30m or 2d'],
    ['up 4 name=""', '', 'name: the value is empty; expected a name'],
    ['up 4 ttl=4h ttl=5h', 'ttl=5h', 'ttl is given twice; expected it once'],
    ['up 4 ttl=4', '4', 'ttl: 4 has no unit; expected a duration'],
    ['up 4 ttl=4x', '4x', 'ttl: no unit x; expected a duration'],
    ['up 4 ttl=-4h', '-4h', 'ttl: -4h is not a duration; expected a duration'],
    ['up 4 ttl=0h', '0h', 'ttl: 0h is nothing; expected a duration above nothing'],
    ['up 4 ttl=8d', '8d', 'ttl: 8d is over the limit; expected at most 7d'],
    ['up 4 memory=16', '16', 'memory: 16 has no unit; expected a size such as 16GiB'],
    ['up 4 memory=16kb', '16kb', 'memory: no unit kb; expected a size'],
    ['up 4 cpu=2.5', '2.5', 'cpu: 2.5 is not a whole number; expected a whole number, 1 or more'],
    ['up 4 gpu=2*a10g', '2*a10g', 'gpu: 2*a10g is no GPU; did you mean 2xa10g?'],
    ['up 4 gpu=0xt4', '0xt4', 'gpu: 0 asks for nothing; expected'],
    ['up 4 gpu=2x', '2x', 'gpu: 2x is not a number or kind of GPUs; expected'],
    ['up 4 type=g5,g5.*', 'g5.*', 'type: g5 is given twice'],
    ['up 4 zones=all', 'all', 'zones: no choice of zones all; '],
    ['up 4 allow=0.0.0.0/0', '0.0.0.0/0', 'allow: 0.0.0.0/0 would let in everybody in the world; expected'],
    ['up 4 allow=10.0.0.0/8,64.0.0.0/2', '64.0.0.0/2', 'allow: 64.0.0.0/2 would let in far more than one place'],
    ['up 4 allow=office.example.com', 'office.example.com', 'allow: office.example.com is no IPv4 address or range'],
    ['up 4 allow=::1', '::1', 'allow: ::1 is no IPv4 address, and clusters have no other; expected IPv4 addresses'],
    ['connect etl from', '', 'nothing follows from; expected an IPv4 address or range of at most a /8'],
    ['connect etl from 0.0.0.0/0', '0.0.0.0/0', '0.0.0.0/0 would let in everybody in the world; expected'],
    ['connect etl from=203.0.113.7', 'from=203.0.113.7', 'from=203.0.113.7 is two words here; did you mean from 203'],
    ['up 4 gpu=0', '0', 'gpu: 0 asks for nothing; expected 1 or more, or to leave it out'],
    ['up 4 budget=0,40', '0,40', 'budget: 0,40 is not an amount of money; expected an amount of US dollars'],
    ['up 4 budget=0', '0', 'budget: 0 buys nothing; expected an amount above 0'],
    [
      'up 4 quorum=1',
      '1',
      'quorum: 1 could be 1% or 100%; expected a whole percentage from 1% to 100%, such as 90%, or a',
    ],
    ['up 4 quorum=101%', '101%', 'quorum: 101% is not such a share; expected a whole percentage'],
    ['up 4 type=a,,b', '', 'type: nothing stands on one side of a ,; expected instance types'],
    ['up 4 type=a,b/c', 'b/c', 'type: b/c is not an instance type; expected instance types'],
    ['up 4 disk=100', '100', 'disk: 100 has no unit; expected a size such as 16GiB'],
    ['up 4 disk=17t', '17t', 'disk: 17t is over the limit; expected at most 16TiB'],
    ['up 4 disk-size=100g', 'disk-size=100g', 'no option disk-size; did you mean disk=100g?'],
    ['up 4 scheduler=m7g/x', 'm7g/x', 'scheduler: m7g/x is not an instance type; expected instance types'],
    ['up 4 tags=a=1,team', 'team', 'tags: team has no value; expected tags joined by commas, such as team=data'],
    ['up 4 tags=a=1,team:red', 'team:red', 'tags: team:red has no value; did you mean team=red?'],
    ['up 4 tags=a=1,,b=2', '', 'tags: nothing stands on one side of a ,; expected tags'],
    ['up 4 tags=a=1,=2', '=2', 'tags: a tag has no key; expected one before the ='],
    ['up 4 tags=AWS:x=1', 'AWS:x=1', 'tags: keys that begin with aws: or daskup: are taken; expected another key'],
    ['up 4 tags=daskup:owner=me', 'daskup:owner=me', 'tags: keys that begin with aws: or daskup: are taken; expected'],
    ['up 4 tags=a=1;b=2', 'a=1;b=2', 'tags: tags have not all characters; expected letters, digits, spaces and'],
    ['up 4 tags=a=1,a=2', 'a=2', 'tags: a is given twice; expected it once'],
    [
      `up 4 tags=${'é'.repeat(129)}=1`,
      `${'é'.repeat(129)}=1`,
      'tags: the key has 129 characters; expected at most 128',
    ],
    [
      `up 4 tags=a=${'x'.repeat(257)}`,
      `a=${'x'.repeat(257)}`,
      'tags: the value has 257 characters; expected at most 256',
    ],
    [
      `up 4 tags=${Array.from({ length: 21 }, (_, i) => `t${i}=`).join(',')}`,
      Array.from({ length: 21 }, (_, i) => `t${i}=`).join(','),
      'tags: 21 tags are too many; expected at most 20',
    ],
    ['up 4 name=My_Cluster', 'My_Cluster', 'name: My_Cluster is not a name; did you mean my-cluster?'],
    [
      `up 4 name=${'x'.repeat(64)}`,
      'x'.repeat(64),
      `name: ${'x'.repeat(40)}… has 64 characters; expected a name of at most 63`,
    ],
    ['up 4 python=/a env=b', 'env=b', 'env contradicts python; expected only one of them'],
    ['up 4 python="/a b', '"/a b', 'a quote is never closed; expected a closing "'],
    ['up 4 env=My_Env', 'My_Env', 'env: My_Env is not a name; did you mean my-env?'],
    [
      'up 4 env=~',
      '~',
      'env: ~ is not a name; expected a file such as requirements.txt, ./packages or uv.lock, or a name',
    ],
    ['up 4 uv.lock', 'uv.lock', 'unknown word uv.lock; did you mean env=uv.lock?'],
    ['up 4 image=ghcr.io/a/b env=etl', 'env=etl', 'env contradicts image; expected only one of them'],
    ['up 4 python=/a image=a/b:c', 'image=a/b:c', 'image contradicts python; expected only one of them'],
    ['up 4 image=ami-01234567 image=a/b', 'image=a/b', 'image is given twice; expected it once'],
    ['up 4 image=ami-0123', 'ami-0123', 'image: ami-0123 is no machine image; expected ami- and 17 digits from 0 to f'],
    ['up 4 image=ubuntu', 'ubuntu', 'image: ubuntu has no tag; did you mean ubuntu:latest?'],
    ['up 4 image=Org/Name', 'Org/Name', 'image: Org/Name is no image; expected an image such as ami-'],
    ['up 4 image=https://ghcr.io/a/b', 'https://ghcr.io/a/b', 'image: https://ghcr.io/a/b is no image; expected'],
    ['up 4 ami=ami-01234567', 'ami=ami-01234567', 'no option ami; did you mean image=ami-01234567?'],
    [
      'up 4 ghcr.io/org/name:tag',
      'ghcr.io/org/name:tag',
      'unknown word ghcr.io/org/name:tag; did you mean image=ghcr.io/org',
    ],
    // Other verbs
    ['status', '', "status needs to know which cluster; expected a cluster's name; ls lists them"],
    ['status Etl', 'Etl', 'Etl is not a name; did you mean etl?'],
    ['status etl now', 'now', 'now is one word too many; expected only status NAME'],
    ['env', '', 'env needs to know what to do; expected add, ls, show or rm'],
    ['env list', 'list', 'no task list; did you mean ls?'],
    ['env add', '', 'env add needs a name; expected a name of at most 63'],
    ['env add etl', '', "env add needs a file after the name; expected a file's path, such as requirements.txt"],
    ['env add etl requirements', 'requirements', 'requirements could be a name; did you mean ./requirements?'],
    ['env add requirements.txt', 'requirements.txt', 'requirements.txt is not a name; did you mean requirements-txt?'],
    ['env ls etl', 'etl', 'etl is one word too many; expected only env add NAME FILE | ls | show NAME | rm NAME'],
    ['env rm Etl', 'Etl', 'Etl is not a name; did you mean etl?'],
    ['down', '', "down needs to know which cluster; expected a cluster's name, or --all"],
    ['down etl --all', '--all', '--all is one word too many; expected only down NAME | --all'],
    ['extend etl', '', 'extend needs a duration; expected a duration'],
    ['extend etl 2', '2', '2 has no unit; expected a duration'],
    ['extend etl 9d', '9d', '9d is over the limit; expected at most 7d'],
    ['cost yesterday', 'yesterday', 'no period yesterday; expected today, 7d or month'],
    ['cost week', 'week', 'no period week; did you mean 7d?'],
    ['help upp', 'upp', 'no help on upp; did you mean up?'],
    ['cost by', '', 'nothing follows by; expected user, cluster, region or type'],
    ['cost user', 'user', 'by is missing before user; did you mean by user?'],
    ['cost by usr', 'usr', 'no group usr; did you mean user?'],
    // The ways of other tools
    ['up --workers 4', 'up --workers 4', 'flags are not used here: --workers 4; did you mean up 4?'],
    ['up --workers=4', 'up --workers=4', 'flags are not used here: --workers=4; did you mean up 4?'],
    ['up -n 4', 'up -n 4', 'flags are not used here: -n 4; did you mean up 4?'],
    ['up 4 --spot', '--spot', 'flags are not used here: --spot; did you mean spot?'],
    ['up 4 --spot ssd', '--spot', 'flags are not used here: --spot; did you mean spot?'],
    ['up 4 --ttl 2h', '--ttl 2h', 'flags are not used here: --ttl 2h; did you mean ttl=2h?'],
    [
      'up 4 --instance_type m5.large',
      '--instance_type m5.large',
      'flags are not used here: --instance_type m5.large; did you mean type=m5.large?',
    ],
    [
      'up 4 --xyzzyx',
      '--xyzzyx',
      'flags are not used here: --xyzzyx; expected words such as spot and options such as ttl=4h',
    ],
    ['up --help', 'up --help', 'flags are not used here: --help; did you mean help up?'],
    ['ls --long', 'ls --long', 'flags are not used here: --long; did you mean ls?'],
    ['status --name etl', 'status --name etl', 'flags are not used here: --name; did you mean status etl?'],
    ['cost --by user', 'cost --by user', 'flags are not used here: --by; did you mean cost by user?'],
    ['down -all', 'down -all', 'flags are not used here: -all; did you mean down --all?'],
    ['up 4 -t g5.xlarge', '-t g5.xlarge', 'flags are not used here: -t g5.xlarge; did you mean type=g5.xlarge?'],
    ['up 4 -t', '-t', 'flags are not used here: -t; expected words such as spot'],
    ['up 4 --ttl spot', '--ttl', 'flags are not used here: --ttl; did you mean ttl=4h?'],
    // Names and values apart
    ['up 4 memory 8GiB', 'memory 8GiB', 'a = is missing in memory 8GiB; did you mean memory=8GiB?'],
    ['up 4 cores 8', 'cores 8', 'unknown word cores 8; did you mean cpu=8?'],
    ['up 4 cpu = 8', 'cpu = 8', 'a = is missing in cpu = 8; did you mean cpu=8?'],
    ['up 4 memory spot', 'memory', 'memory has no value; did you mean memory=16GiB?'],
    ['up 4 ttl:4h', 'ttl:4h', 'a = is missing in ttl:4h; did you mean ttl=4h?'],
    ['up workers=9 spot', 'up workers=9', 'no option workers; did you mean up 9?'],
    ['up 4 max_price=1', 'max_price=1', 'no option max_price; did you mean max-price=1?'],
    // Values alone
    ['up 4 g5.xlarge', 'g5.xlarge', 'unknown word g5.xlarge; did you mean type=g5.xlarge?'],
    ['up 4 n2-standard-4', 'n2-standard-4', 'unknown word n2-standard-4; did you mean type=n2-standard-4?'],
    ['up 4 16GiB', '16GiB', 'unknown word 16GiB; did you mean memory=16GiB?'],
    ['up 4 90h', '90h', 'unknown word 90h; did you mean ttl=90h?'],
    ['up 4 200h', '200h', 'ttl: 200h is over the limit; expected at most 7d'],
    ['up 4 $40', '$40', 'unknown word $40; did you mean budget=40usd?'],
    ['up 4 90%', '90%', 'unknown word 90%; did you mean quorum=90%?'],
    [
      'up 4 /opt/bin/python3',
      '/opt/bin/python3',
      'unknown word /opt/bin/python3; did you mean python=/opt/bin/python3?',
    ],
    [
      'up 4 eu-west-2,us-west-1',
      'eu-west-2,us-west-1',
      'unknown word eu-west-2,us-west-1; did you mean eu-west-2+us-west-1?',
    ],
    // What stands apart
    ['up 4 2 hours', '2 hours', 'unknown word 2 hours; did you mean ttl=2hours?'],
    ['up 4 16 GiB spot', '16 GiB', 'unknown word 16 GiB; did you mean memory=16GiB?'],
    ['up 4 eu west-2', 'eu west-2', 'unknown word eu west-2; did you mean eu-west-2?'],
    ['up 4 spot x1', 'x1', 'unknown word x1; expected a word such as spot'],
    ['up 4 7 spot', '7', 'a second count, 7; expected one, right after up'],
    ['up 4 spot only', 'spot only', 'unknown word only; did you mean spot-only?'],
    ['up 4 on demand ssd', 'on demand', 'unknown word on demand; did you mean on-demand?'],
    ['up 4 min=4 spot max=10', 'up 4 min=4 spot max=10', 'min=4 and max=10 are one range; did you mean up 4..10 spot?'],
    ['up 4 2h 30m', '2h', 'unknown word 2h; did you mean ttl=2h?'],
    ['up min=4 max=10 spot', 'up min=4 max=10', 'min=4 and max=10 are one range; did you mean up 4..10?'],
    [
      'scale etl max=10 min=4',
      'scale etl max=10 min=4',
      'min=4 and max=10 are one range; did you mean scale etl 4..10?',
    ],
    // Several slips in one place
    ['up 4 region=us-wst-1', 'region=us-wst-1', 'no option region; did you mean us-west-1?'],
    [
      'up 4 eu-wst-2,us-wst-1',
      'eu-wst-2,us-wst-1',
      'unknown word eu-wst-2,us-wst-1; did you mean eu-west-2+us-west-1?',
    ],
    ['up 4workers', 'up 4workers', 'a space is missing in 4workers; did you mean up 4?'],
    ['up --spot 4', 'up --spot 4', 'flags are not used here: --spot; did you mean up 4 spot?'],
    // Advice that would be refused
    ['up 4 --workers 0', 'up 4 --workers 0', '0 workers are no cluster; expected 1 or more'],
    ['up4000', 'up4000', '4000 is over the limit; expected at most 1000 workers'],
    ['up 4 spot sopt', 'sopt', 'spot is given twice; expected it once'],
    ['up 4 spot=false', 'spot=false', 'spot takes no value; expected the word alone, or nothing'],
    ['up 4 no-spot', 'no-spot', 'unknown word no-spot; did you mean on-demand?'],
    ['up 4 etl', 'etl', 'unknown word etl; expected a word such as spot'],
    // Lines copied from where daskup is spoken of
    ['/dask up 4', '/dask up 4', '/dask is no part of a command; did you mean up 4?'],
    ['daskup up 4', 'daskup up 4', 'daskup is no part of a command; did you mean up 4?'],
    [
      '$ npx daskup up 4 sopt',
      '$ npx daskup up 4 sopt',
      '$ npx daskup is no part of a command; did you mean up 4 spot?',
    ],
    ['daskup', 'daskup', 'no command daskup; expected a command: up,'],
  ])('refuses %j', (line, at, message) => {
    const [place, said] = error(line);
    expect(place).toBe(at);
    expect(said.slice(0, message.length)).toBe(message);
    if (message.endsWith('?')) expect(said).toBe(message);
  });

  it('points at the second of two equal words', () => {
    expect(parse('up 4 spot spot')).toMatchObject({ error: { start: 10, end: 14 } });
  });

  it('points at the end of the line when something is missing', () => {
    expect(parse('scale etl')).toMatchObject({ error: { start: 9, end: 9 } });
  });

  it('points into quoted values', () => {
    expect(error('up 4 type="a,B C"')[0]).toBe('B C"');
  });

  it('holds an installation to its own limits', () => {
    const limits = { ...LIMITS, workers: { max: 10 }, ttl: { default: 60, max: 3600 } };
    expect(error('up 11', limits)[1]).toBe('11 is over the limit; expected at most 10 workers');
    expect(error('up 4 ttl=2h', limits)[1]).toBe('ttl: 2h is over the limit; expected at most 1h');
    expect(parse('up 10 ttl=1h', limits).ok).toBe(true);
  });
});

describe('the table of words', () => {
  const entries = [...BARE_WORDS, ...OPTIONS, REGION];

  it('gives each name one meaning', () => {
    const bare = BARE_WORDS.flatMap(({ also }) => also);
    const names = [
      ...entries.flatMap(({ name, elsewhere }) => [name, ...elsewhere]),
      ...bare,
      ...VOCABULARY.countElsewhere,
    ];
    expect(names).toEqual([...new Set(names)]);
    const verbs = VERB_NAMES.flatMap((name) => [name, ...VERBS[name].elsewhere]);
    expect(verbs).toEqual([...new Set(verbs)]);
  });

  it('shows examples that are accepted', () => {
    for (const name of VERB_NAMES)
      for (const example of VERBS[name].examples) expect(commandOf(example).verb).toBe(name);
    for (const { name, example } of OPTIONS) expect(Object.keys(request(`${name}=${example}`))).toHaveLength(1);
  });

  it('tells how the names of other tools are written here', () => {
    for (const { name, elsewhere, example } of OPTIONS) {
      for (const other of elsewhere) {
        expect(error(`up 4 ${other}=${example}`)[1]).toBe(`no option ${other}; did you mean ${name}=${example}?`);
        expect(error(`up 4 --${other} ${example}`)[1]).toMatch(`did you mean ${name}=${example}?`);
      }
    }
    for (const name of VERB_NAMES) {
      for (const other of VERBS[name].elsewhere) expect(error(other)[1]).toMatch(`did you mean ${name}?`);
    }
  });
});
