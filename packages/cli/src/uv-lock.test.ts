import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { markerOn } from './marker.ts';
import { rangeOf, requirementsOf } from './uv-lock.ts';

/** Made by uv; of what its packages consist of is cut out. */
const PROJECT = readFileSync(new URL('testing/project/uv.lock', import.meta.url), 'utf8');

const PYPI = 'source = { registry = "https://pypi.org/simple" }';

/** A lock of a project that depends on Dask and these, of which each has what stands under its name. */
function lockOf(packages: Readonly<Record<string, string>>, root = 'virtual'): string {
  const names = ['distributed', ...Object.keys(packages).map((name) => name.split(' ')[0])];
  return [
    'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n',
    `[[package]]\nname = "project"\nversion = "0.1.0"\nsource = { ${root} = "." }`,
    `dependencies = [${[...new Set(names)].map((name) => `{ name = "${name}" }`).join(', ')}]\n`,
    `[[package]]\nname = "distributed"\nversion = "1.0"\n${PYPI}\n`,
    ...Object.entries(packages).map(([name, rest]) => `[[package]]\nname = "${name}"\nversion = "1.0"\n${rest}\n`),
  ].join('\n');
}

test('what uv locks for a project is what machines get: what uv itself exports for Linux', () => {
  // uv export --frozen --no-hashes --no-dev --no-emit-project
  expect(requirementsOf(PROJECT)).toEqual({
    kind: 'requirements',
    text: `click==8.5.1
cloudpickle==3.1.3
dask==2026.8.0
distributed==2026.8.0
fsspec==2026.9.0
importlib-metadata==10.2.0 ; python_full_version < '3.12'
jinja2==3.1.6
lazy-importer==0.1.0 ; python_full_version < '3.12'
locket==1.0.0
markupsafe==3.0.4
msgpack==1.2.4
packaging==26.3
partd==1.4.2
psutil==7.2.2
ptyprocess==0.7.0
pyyaml==6.0.4
sortedcontainers==2.4.0
tblib==3.2.2
toolz==1.2.0
tornado==6.6.1
zict==3.0.0
zipp==4.1.2 ; python_full_version < '3.12'
`,
    python: { from: 11, to: null },
  });
});

test('a package is needed where one of the ways to it is open', () => {
  const { text } = requirementsOf(
    lockOf({
      a: `${PYPI}\ndependencies = [
        { name = "on-windows", marker = "sys_platform == 'win32'" },
        { name = "old", marker = "python_full_version < '3.12'" },
        { name = "b", extra = ["fast"], marker = "platform_machine == 'aarch64'" },
      ]`,
    })
      .concat(`[[package]]\nname = "on-windows"\nversion = "1.0"\n${PYPI}\ndependencies = [{ name = "beyond" }]\n`)
      .concat(`[[package]]\nname = "beyond"\nversion = "1.0"\n${PYPI}\n`)
      .concat(`[[package]]\nname = "old"\nversion = "1.0"\n${PYPI}\ndependencies = [{ name = "b" }]\n`)
      .concat(`[[package]]\nname = "b"\nversion = "1.0"\n${PYPI}\ndependencies = [{ name = "a" }]\n`)
      .concat(`[package.optional-dependencies]\nfast = [{ name = "rust", marker = "sys_platform == 'linux'" }]\n`)
      .concat(`[[package]]\nname = "rust"\nversion = "1.0"\n${PYPI}\n`),
  );
  expect(text.split('\n')).toEqual([
    'a==1.0',
    "b==1.0 ; platform_machine == 'aarch64' or python_full_version < '3.12'",
    'distributed==1.0',
    "old==1.0 ; python_full_version < '3.12'",
    "rust==1.0 ; platform_machine == 'aarch64'",
    '',
  ]);
});

test('of a package that is locked twice each version is for its own', () => {
  const lock = `version = 1
[[package]]
name = "project"
source = { editable = "." }
dependencies = [
  { name = "distributed" },
  { name = "numpy", version = "2.4", ${PYPI}, marker = "python_full_version < '3.12'" },
  { name = "numpy", version = "2.5", ${PYPI}, marker = "python_full_version >= '3.12'" },
]
[[package]]
name = "distributed"
version = "1.0"
${PYPI}
[[package]]
name = "numpy"
version = "2.4"
${PYPI}
[[package]]
name = "numpy"
version = "2.5"
${PYPI}
`.replaceAll(`, ${PYPI}`, `, ${PYPI.replace(' = {', ' = {')}`);
  expect(requirementsOf(lock)).toMatchObject({
    text: "distributed==1.0\nnumpy==2.4 ; python_full_version < '3.12'\nnumpy==2.5 ; python_full_version >= '3.12'\n",
    python: null,
  });
});

test('other indexes and addresses go along, and a member of the workspace that is none itself', () => {
  const { text } = requirementsOf(
    lockOf({
      torch: 'source = { registry = "https://download.pytorch.org/whl/cpu" }',
      wheel: 'source = { url = "https://example.com/wheel-1.0-py3-none-any.whl" }',
      member: 'source = { virtual = "packages/member" }\ndependencies = [{ name = "torch" }]',
    }),
  );
  expect(text).toBe(`--extra-index-url https://download.pytorch.org/whl/cpu
distributed==1.0
torch==1.0
wheel @ https://example.com/wheel-1.0-py3-none-any.whl
`);
});

test('what machines cannot fetch is named, all of it', () => {
  const lock = lockOf({
    forked: 'source = { git = "https://github.com/me/forked?rev=main#0123" }',
    wheel: 'source = { path = "wheels/wheel-1.0-py3-none-any.whl" }',
    mine: 'source = { editable = "packages/mine" }',
    flat: 'source = { registry = "wheels" }',
  });
  expect(() => requirementsOf(lock)).toThrow(
    'machines cannot fetch forked (from git), wheel (from this computer), mine (from this computer), flat (from this computer). ' +
      'Publish them where machines can fetch them, or give a container that has all (image=)',
  );
});

test('a lock without Dask, and what is no lock, are refused with what to do', () => {
  const bare = lockOf({}).replaceAll('distributed', 'requests');
  expect(() => requirementsOf(bare)).toThrow(
    /does not depend on dask and distributed, .*uv add "dask\[distributed\]"$/,
  );
  for (const text of ['', 'version = 1', 'version = 2\n', 'dask==1\n', 'version = 1\n[[package]]\nname = 1\n'])
    expect(() => requirementsOf(text)).toThrow(/^(it is no lock of uv|the project does not depend on dask)/);
});

test.each([
  ["sys_platform == 'linux'", true],
  ["sys_platform == 'win32' or os_name == 'nt'", false],
  ["sys_platform != 'win32' and python_version < '3.12'", "python_version < '3.12'"],
  ["'win' in sys_platform", false],
  ["sys_platform not in 'win32 darwin'", true],
  [
    '(platform_machine == "x86_64" or platform_machine == "aarch64") and os_name == "posix"',
    '(platform_machine == "x86_64" or platform_machine == "aarch64")',
  ],
  ["python_version < '3.12' or (sys_platform == 'win32' and python_version < '3.13')", "python_version < '3.12'"],
  [
    "python_version < '3.12' and (os_name == 'nt' or python_version > '3.9')",
    "python_version < '3.12' and python_version > '3.9'",
  ],
  ["platform_machine not in 'armv7l'", "platform_machine not in 'armv7l'"],
  ["extra == 'extra-7-project-cpu'", false],
] as const)('of the marker %s a machine of Linux is %s', (text, left) => {
  expect(markerOn(text)).toBe(left);
});

test.each([
  '',
  'python_version',
  "python_version < '3.12",
  "(os_name == 'nt'",
  "os_name == 'nt' os_name == 'nt'",
  '😀',
])('what is no marker, as %j, is not taken for one', (text) => {
  expect(() => markerOn(text)).toThrow(SyntaxError);
});

test.each([
  ['', null],
  ['>=3.11', { from: 11, to: null }],
  ['>=3.11.4, <3.14', { from: 11, to: 13 }],
  ['>=3.11, <4', { from: 11, to: null }],
  ['==3.12.*', { from: 12, to: 12 }],
  ['==3.12.4', { from: 12, to: 12 }],
  ['~=3.11', { from: 11, to: null }],
  ['~=3.11.2', { from: 11, to: 11 }],
  ['>3.10, <=3.13, !=3.12.1', { from: 10, to: 13 }],
  ['<3.13.2', { from: 0, to: 13 }],
] as const)('requires-python of %j is from and to', (specifier, range) => {
  expect(rangeOf(specifier)).toEqual(range);
});
