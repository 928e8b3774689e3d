import { createHash } from 'node:crypto';

export interface Image {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly ownerAlias: string | undefined;
  readonly architecture: 'x86_64' | 'arm64';
  readonly rootDevice: string;
  readonly madeAt: number;
  /** When it can be launched; milliseconds since 1970, UTC. */
  readonly availableAt: number;
  /** Whether it fails then instead. */
  readonly fails: boolean;
  readonly isPublic: boolean;
  readonly tags: Map<string, string>;
  /** Of its root disk. */
  readonly snapshot: Snapshot;
}

/** What a disk held. */
export interface Snapshot {
  readonly id: string;
  /** No disk that begins as it is smaller. */
  readonly sizeGiB: number;
  readonly isEncrypted: boolean;
  readonly madeAt: number;
  readonly tags: Map<string, string>;
}

/** Those of Amazon Linux and Ubuntu are so large. */
const PUBLISHED_GIB = 8;

export const ACCOUNT = '123456789012';

const MADE_AT = Date.UTC(2026, 9, 20);

/** What AWS and Canonical offer in every region: by architecture, and under which SSM parameters. `ARCH` stands for either's word. */
const PUBLISHED = [
  {
    name: 'al2023-ami-2023.9.20261020.0-kernel-6.12-ARCH',
    owner: '137112412989',
    alias: 'amazon',
    words: { x86_64: 'x86_64', arm64: 'arm64' },
    rootDevice: '/dev/xvda',
    parameters: [
      '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-ARCH',
      '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.12-ARCH',
      '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-ARCH',
    ],
  },
  ...(
    [
      ['24.04', 'hvm-ssd-gp3/ubuntu-noble', '20261015', ['gp3']],
      ['22.04', 'hvm-ssd-gp3/ubuntu-jammy', '20261015', ['gp3', 'gp2']],
      // Without updates since then; it is still listed, and there are programs that take it.
      ['20.04', 'hvm-ssd/ubuntu-focal', '20250530', ['gp2']],
    ] as const
  ).map(([version, name, date, volumes]) => ({
    name: `ubuntu/images/${name}-${version}-ARCH-server-${date}`,
    owner: '099720109477',
    alias: undefined,
    words: { x86_64: 'amd64', arm64: 'arm64' },
    rootDevice: '/dev/sda1',
    parameters: volumes.map(
      (volume) => `/aws/service/canonical/ubuntu/server/${version}/stable/current/ARCH/hvm/ebs-${volume}/ami-id`,
    ),
  })),
  {
    name: 'Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) ARCH 20261018',
    owner: '898082745236',
    alias: 'amazon',
    words: { x86_64: 'x86_64', arm64: 'arm64' },
    rootDevice: '/dev/sda1',
    parameters: ['/aws/service/deeplearning/ami/ARCH/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id'],
  },
];

/** The public images of a region, and the SSM parameters that name them. Ids differ from region to region, as they do. */
export function publishedImages(region: string): {
  readonly images: readonly Image[];
  readonly parameters: ReadonlyMap<string, string>;
} {
  const images: Image[] = [];
  const parameters = new Map<string, string>();
  for (const { name, owner, alias, words, rootDevice, parameters: paths } of PUBLISHED) {
    for (const architecture of ['x86_64', 'arm64'] as const) {
      const full = name.replace('ARCH', words[architecture]);
      const id = `ami-${createHash('sha256').update(`${region}/${full}`).digest('hex').slice(0, 17)}`;
      images.push({
        id,
        name: full,
        owner,
        ownerAlias: alias,
        architecture,
        rootDevice,
        madeAt: MADE_AT,
        availableAt: MADE_AT,
        fails: false,
        isPublic: true,
        tags: new Map(),
        snapshot: {
          id: id.replace('ami-', 'snap-'),
          sizeGiB: PUBLISHED_GIB,
          isEncrypted: false,
          madeAt: MADE_AT,
          tags: new Map(),
        },
      });
      for (const path of paths) parameters.set(path.replace('ARCH', words[architecture]), id);
    }
  }
  return { images, parameters };
}
