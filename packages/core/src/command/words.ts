import { ALL_REGIONS } from '../spec/regions.ts';
import { type Argument, COUNT, ENVIRONMENT_TASK, EXTENSION, FROM, GROUP, NAME, PERIOD, TARGET } from './argument.ts';
import type { Verb } from './command.ts';
import { shown } from './error.ts';
import { nearest } from './nearest.ts';
import {
  gpus,
  label,
  type Notation,
  oneOf,
  ranges,
  regions as regionNames,
  types,
  verbatim,
  whole,
} from './notation.ts';
import { type BareWord, bareWord, like, limited, type Option, option } from './option.ts';
import { duration, money, percent, size } from './quantity.ts';
import { requestOf } from './request.ts';
import { environment, image } from './software.ts';
import { tags } from './tags.ts';
import { type VerbWords, verb } from './verb.ts';
import type { Vocabulary } from './vocabulary.ts';

/*
 * The words of the grammar. Parsing, formatting, help, completion and the reference all come from these tables: a new
 * option is a new row here and a new field of Request.
 */

export const BARE_WORDS: readonly BareWord[] = [
  bareWord({
    name: 'spot',
    help: 'spot machines; on-demand ones where spot runs out',
    subject: 'market',
    says: { market: 'spot' },
    saidBy: ({ market }) => market === 'spot',
    elsewhere: ['preemptible'],
  }),
  bareWord({
    name: 'spot-only',
    help: 'spot machines and nothing else',
    subject: 'market',
    says: { market: 'spot-only' },
    saidBy: ({ market }) => market === 'spot-only',
  }),
  bareWord({
    name: 'on-demand',
    help: 'on-demand machines; the same as saying nothing',
    subject: 'market',
    says: { market: 'on-demand' },
    saidBy: ({ market }) => market === 'on-demand',
    elsewhere: ['no-spot'],
  }),
  bareWord({
    name: 'arm',
    also: ['arm64'],
    help: '64-bit ARM machines only',
    subject: 'architecture',
    says: { architecture: 'arm64' },
    saidBy: ({ architecture }) => architecture === 'arm64',
    elsewhere: ['aarch64', 'graviton'],
  }),
  bareWord({
    name: 'x86',
    help: '64-bit x86 machines only',
    subject: 'architecture',
    says: { architecture: 'x86_64' },
    saidBy: ({ architecture }) => architecture === 'x86_64',
    elsewhere: ['x86-64', 'amd64', 'x64', 'intel', 'amd'],
  }),
  bareWord({
    name: 'ssd',
    help: 'machines with a local SSD',
    subject: 'ssd',
    says: { ssd: true },
    saidBy: ({ ssd }) => ssd === true,
    elsewhere: ['nvme', 'local-ssd'],
  }),
];

/** Regions are written as their names alone. */
export const REGION: Option = {
  ...option({
    name: 'REGION',
    help: 'where; several joined by +, of which the cheapest is taken',
    example: 'eu-west-2',
    value: regionNames,
    absent: "the installation's region",
    get: ({ regions }) => regions,
    set: (regions) => ({ regions }),
    alone: (text) => (/^[a-z]+-[a-z]+-?\d.*,/i.test(text) ? text.replaceAll(',', '+') : undefined),
    elsewhere: ['region', 'regions', 'zone', 'location'],
  }),
  read: (reader, word) => ({ regions: reader.value(word, regionNames) }),
};

export const OPTIONS: readonly Option[] = [
  option({
    name: 'cpu',
    help: 'at least so many vCPUs a worker',
    example: '4',
    value: whole,
    absent: 'any',
    get: ({ cpu }) => cpu,
    set: (cpu) => ({ cpu }),
    elsewhere: ['cpus', 'vcpu', 'vcpus', 'cores', 'worker-cpu', 'nthreads'],
  }),
  option({
    name: 'memory',
    help: 'at least so much memory a worker',
    example: '16GiB',
    value: size,
    absent: 'any',
    alone: like(/^[\d.]+([gt](i?b)?|mi?b)$/i),
    get: ({ memoryGiB }) => memoryGiB,
    set: (memoryGiB) => ({ memoryGiB }),
    elsewhere: ['mem', 'ram', 'worker-memory', 'memory-limit'],
  }),
  option({
    name: 'gpu',
    help: 'at least so many GPUs a worker, of one kind or any',
    example: '2xa10g',
    value: gpus,
    absent: 'none',
    get: ({ gpu }) => gpu,
    set: (gpu) => ({ gpu }),
    elsewhere: ['gpus', 'worker-gpu'],
  }),
  option({
    name: 'type',
    help: 'only these instance types or families',
    example: 'g5.xlarge,g6',
    value: types,
    absent: 'any',
    alone: like(/^[a-z]+\d[a-z\d]*[.-]([a-z\d.-]+|\*)$/i),
    get: (request) => request.types,
    set: (value) => ({ types: value }),
    elsewhere: ['types', 'instance-type', 'machine-type', 'worker-type', 'worker-vm-types', 'vm-type', 'flavor'],
  }),
  limited({
    name: 'disk',
    help: 'at least so much disk a machine, in a cloud',
    example: '100GiB',
    value: size,
    limit: ({ disk }) => disk,
    get: ({ diskGiB }) => diskGiB,
    set: (diskGiB) => ({ diskGiB }),
    elsewhere: [
      'disk-size',
      'worker-disk-size',
      'volume-size',
      'boot-disk',
      'root-volume',
      'storage',
      'filesystem-size',
    ],
  }),
  option({
    name: 'scheduler',
    help: "the scheduler's instance types or families",
    example: 'm7g.xlarge',
    value: types,
    absent: 'the cheapest that fits',
    get: ({ schedulerTypes }) => schedulerTypes,
    set: (schedulerTypes) => ({ schedulerTypes }),
    elsewhere: ['scheduler-type', 'scheduler-instance-type', 'scheduler-machine-type', 'scheduler-vm-types'],
  }),
  option({
    name: 'zones',
    help: 'one for all while it has room; any costs traffic',
    example: 'any',
    value: oneOf('choice of zones', ['one', 'any'] as const),
    absent: 'one',
    get: (request) => request.zones,
    set: (zones) => ({ zones }),
  }),
  option({
    name: 'max-price',
    help: "most a worker's machine may cost an hour",
    example: '0.40usd',
    value: money,
    absent: 'none',
    get: ({ maxPriceMicros }) => maxPriceMicros,
    set: (maxPriceMicros) => ({ maxPriceMicros }),
    elsewhere: ['price', 'spot-price', 'bid'],
  }),
  option({
    name: 'budget',
    help: 'the cluster ends when it has cost so much',
    example: '40usd',
    value: money,
    absent: 'none',
    alone: like(/^\$([\d.]+)$|^([\d.]+)(\$|usd)$/i, '$1$2usd'),
    get: ({ budgetMicros }) => budgetMicros,
    set: (budgetMicros) => ({ budgetMicros }),
    elsewhere: ['max-cost', 'cost-limit'],
  }),
  limited({
    name: 'ttl',
    help: 'the cluster ends after so long, whatever it does',
    example: '4h',
    value: duration,
    limit: ({ ttl }) => ttl,
    alone: (text) => (duration.parse(text).ok ? text : undefined),
    get: ({ ttlSeconds }) => ttlSeconds,
    set: (ttlSeconds) => ({ ttlSeconds }),
    elsewhere: ['lifetime', 'timeout', 'max-lifetime', 'expires'],
  }),
  limited({
    name: 'idle',
    help: 'it ends after so long without a task',
    example: '20m',
    value: duration,
    limit: ({ idle }) => idle,
    get: ({ idleSeconds }) => idleSeconds,
    set: (idleSeconds) => ({ idleSeconds }),
    elsewhere: ['idle-timeout'],
  }),
  limited({
    name: 'away',
    help: 'it ends so long after its last client left',
    example: '2m',
    value: duration,
    limit: ({ away }) => away,
    get: ({ awaySeconds }) => awaySeconds,
    set: (awaySeconds) => ({ awaySeconds }),
    elsewhere: ['no-client-timeout'],
  }),
  limited({
    name: 'quorum',
    help: 'up is done once this share of the workers joined',
    example: '90%',
    value: percent,
    limit: ({ quorum }) => quorum,
    alone: like(/^[\d.]+%$/),
    get: (request) => request.quorum,
    set: (quorum) => ({ quorum }),
  }),
  option({
    name: 'name',
    help: "the cluster's name",
    example: 'etl',
    value: label,
    absent: 'made up',
    get: (request) => request.name,
    set: (name) => ({ name }),
    elsewhere: ['cluster-name'],
  }),
  option({
    name: 'tags',
    help: 'tags on all that a cloud makes for the cluster',
    example: 'team=data',
    value: tags,
    absent: "daskup's own",
    get: (request) => request.tags,
    set: (value) => ({ tags: value }),
    elsewhere: ['tag', 'labels', 'label', 'instance-tags', 'extra-tags', 'metadata'],
  }),
  option({
    name: 'python',
    help: 'a Python interpreter that machines have',
    example: '/path/to/python',
    value: verbatim("an interpreter's path, such as /opt/venv/bin/python"),
    subject: 'environment',
    absent: 'as your client has',
    alone: like(/\/python[\d.]*$/),
    get: ({ python }) => python,
    set: (python) => ({ python }),
    elsewhere: ['interpreter', 'venv'],
  }),
  option({
    name: 'env',
    help: 'packages by a file, or by a kept name',
    example: 'requirements.txt',
    value: environment,
    subject: 'environment',
    absent: 'as your client has',
    alone: like(/\.(txt|lock)$/),
    get: ({ env }) => env,
    set: (env) => ({ env }),
    elsewhere: ['environment', 'requirements', 'software'],
  }),
  option({
    name: 'image',
    help: 'what machines boot, or a container for Dask',
    example: 'ami-01234567',
    value: image,
    // A machine image and a software environment go well together.
    alsoAbout: ({ kind }) => (kind === 'container' ? 'environment' : undefined),
    absent: 'newest Ubuntu',
    alone: like(/^ami-[0-9a-f]{8,17}$|^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?\/[^\s=]+$/i),
    get: (request) => request.image,
    set: (value) => ({ image: value }),
    elsewhere: ['ami', 'image-id', 'ami-id', 'container', 'docker-image', 'docker'],
  }),
  option({
    name: 'allow',
    help: 'where else clients may connect from',
    example: '203.0.113.0/24',
    value: ranges,
    absent: 'nowhere',
    get: ({ allow }) => allow,
    set: (allow) => ({ allow }),
    elsewhere: ['allow-from', 'cidr', 'ingress', 'ip-whitelist'],
  }),
];

export const VOCABULARY: Vocabulary = {
  bareWords: BARE_WORDS,
  region: REGION,
  options: OPTIONS,
  countElsewhere: [
    'workers',
    'worker',
    'n',
    'count',
    'nodes',
    'num-workers',
    'n-workers',
    'nworkers',
    'size',
    'machines',
  ],
};

const REQUEST = requestOf(VOCABULARY);

/** What help explains: in lower case, an option without its `=`. */
const topic: Notation<string> = {
  expected: 'a command, a word or an option; help alone lists them',
  parse(text) {
    const asked = text.toLowerCase().replace(/=$/, '');
    if (KNOWN.includes(asked) || BARE_WORDS.some(({ also }) => also.includes(asked))) return { ok: true, value: asked };
    const meant = nearest(asked, KNOWN);
    return { ok: false, problem: `no help on ${shown(text)}`, ...(meant && { nearest: meant }) };
  },
  format: (value) => value,
};

const WORD: Argument<string> = {
  usage: '[WORD]',
  read(reader) {
    const next = reader.next();
    return next && reader.value(next, topic);
  },
  write: (value) => [value],
  candidates: ({ before }) => (before.length === 0 ? KNOWN : []),
  takesFlag: () => true,
};

export const VERBS: { readonly [V in Verb]: VerbWords<V> } = {
  up: verb('up', {
    help: 'start a cluster',
    examples: [
      'up 50 spot eu-west-2',
      'up 20..100 spot arm us-west-1+eu-west-2 cpu=4 memory=16GiB ttl=4h idle=20m name=etl',
      'up 4 gpu=1 ssd type=g5.xlarge,g6 max-price=0.40usd budget=40usd',
    ],
    takes: { request: REQUEST },
    elsewhere: ['create', 'start', 'launch', 'run', 'new'],
  }),
  plan: verb('plan', {
    help: 'show what up would start and its price; starts nothing',
    examples: ['plan 100 spot'],
    takes: { request: REQUEST },
    elsewhere: ['preview', 'dry-run'],
  }),
  scale: verb('scale', {
    help: "change a cluster's number of workers",
    examples: ['scale etl 80', 'scale etl 10..100'],
    takes: { name: NAME, workers: COUNT },
    elsewhere: ['resize', 'adapt'],
  }),
  extend: verb('extend', {
    help: 'let a cluster live longer',
    examples: ['extend etl 2h'],
    takes: { name: NAME, seconds: EXTENSION },
    elsewhere: ['prolong', 'renew'],
  }),
  down: verb('down', {
    help: 'end a cluster, or all of them',
    examples: ['down etl', 'down --all'],
    takes: { target: TARGET },
    elsewhere: ['stop', 'delete', 'rm', 'kill', 'destroy', 'terminate', 'shutdown', 'close'],
  }),
  ls: verb('ls', {
    help: 'list the clusters',
    examples: ['ls'],
    takes: {},
    elsewhere: ['list', 'ps', 'clusters'],
  }),
  status: verb('status', {
    help: "show a cluster's machines, tasks and cost",
    examples: ['status etl'],
    takes: { name: NAME },
    elsewhere: ['show', 'describe', 'info', 'get'],
  }),
  connect: verb('connect', {
    help: 'get what a Dask client needs to reach a cluster',
    examples: ['connect etl', 'connect etl from 203.0.113.7'],
    takes: { name: NAME, from: FROM },
    elsewhere: ['attach', 'join'],
  }),
  logs: verb('logs', {
    help: "show how a cluster's machines booted",
    examples: ['logs etl'],
    takes: { name: NAME },
    elsewhere: ['log'],
  }),
  env: verb('env', {
    help: 'keep environments by name, for env=NAME',
    examples: ['env ls', 'env add etl requirements.txt', 'env show etl', 'env rm etl'],
    takes: { task: ENVIRONMENT_TASK },
    elsewhere: ['envs', 'environment', 'environments'],
  }),
  cost: verb('cost', {
    help: 'show what was spent',
    examples: ['cost', 'cost 7d by user', 'cost month by region'],
    takes: { period: PERIOD, by: GROUP },
    elsewhere: ['costs', 'bill', 'spend', 'price'],
  }),
  reclaim: verb('reclaim', {
    help: 'take one spot machine away, as a cloud would; local clusters only',
    examples: ['reclaim etl'],
    takes: { name: NAME },
    elsewhere: ['interrupt', 'preempt'],
  }),
  help: verb('help', {
    help: 'explain a command, a word or an option',
    examples: ['help', 'help up', 'help ttl'],
    takes: { word: WORD },
    elsewhere: ['man', 'usage', '?'],
  }),
};

/** What stands in front of a line where people copy it from. */
export const PROMPTS: readonly string[] = ['$', 'npx', 'daskup', '/daskup', '@daskup', 'dask', '/dask', '@dask'];

export function isVerb(text: string): text is Verb {
  return Object.hasOwn(VERBS, text);
}

/** The verbs, in the order of the table. */
export const VERB_NAMES: readonly Verb[] = Object.keys(VERBS).filter(isVerb);

/** Every word that help can explain. */
export const KNOWN: readonly string[] = [
  ...new Set([
    ...VERB_NAMES,
    ...BARE_WORDS.map(({ name }) => name),
    ...OPTIONS.map(({ name }) => name),
    ...ALL_REGIONS,
  ]),
];
