import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What user data may do as root of its own machine, and must not do to this computer. A disk of an instance's host is a
 * folder under `disks`, which `lsblk` names, `mkfs.ext4` gives a file system, `mdadm` joins to others, and `mount` puts
 * where it is to be seen; in that order or not at all. There are no users besides this computer's.
 */
const COMMANDS: Readonly<Record<string, string>> = {
  lsblk: `
[[ $* == '-dpno NAME,MODEL' ]] || { echo 'lsblk: the stand-in knows -dpno NAME,MODEL alone' >&2; exit 1; }
echo '/dev/nvme0n1 Amazon Elastic Block Store'
for disk in "$disks"/nvme*; do echo "/dev/\${disk##*/} Amazon EC2 NVMe Instance Storage"; done`,
  mdadm: `
[[ $1 == --create && $2 == /dev/md* && " $* " == *' --level=0 '* ]] || { echo 'mdadm: the stand-in stripes alone' >&2; exit 1; }
parts=()
for word in "\${@:3}"; do [[ $word != /dev/* ]] || parts+=("$word"); done
[[ " $* " == *" --raid-devices=\${#parts[@]} "* ]] || { echo 'mdadm: wrong number of devices' >&2; exit 1; }
for part in "\${parts[@]}"; do is_free "$part" || exit 1; done
for part in "\${parts[@]}"; do : >"$disks/\${part##*/}/part-of-\${2##*/}"; done
mkdir "$disks/\${2##*/}"`,
  'mkfs.ext4': `
disk=\${*: -1}
is_free "$disk" && mkdir "$disks/\${disk##*/}/ext4"`,
  mount: `
disk=\${*: -2:1} folder=\${*: -1}
[[ -d $disks/\${disk##*/}/ext4 ]] || { echo "mount: $folder: wrong fs type, bad superblock on $disk" >&2; exit 32; }
rmdir "$folder" && ln -s "$disks/\${disk##*/}/ext4" "$folder"`,
  useradd: `
echo 'useradd: the stand-in makes no users' >&2
exit 1`,
};

/** Whether a device is there and nobody has made anything of it. */
const COMMON = (disks: string) => `#!/bin/bash
shopt -s nullglob
disks='${disks}'
is_free() {
  [[ $1 == /dev/* && -d $disks/\${1##*/} ]] || { echo "$1: no such device" >&2; return 1; }
  [[ -z $(ls "$disks/\${1##*/}") ]] || { echo "$1: device or resource busy" >&2; return 1; }
}`;

/**
 * Writes these commands into a folder that is first on an instance's path, and makes its disks.
 * @param folder the instance's.
 */
export function writeRootCommands(folder: string, bin: string, disks: number): void {
  const all = join(folder, 'disks');
  for (let i = 1; i <= disks; i++) mkdirSync(join(all, `nvme${i}n1`), { recursive: true, mode: 0o700 });
  for (const [name, lines] of Object.entries(COMMANDS)) {
    writeFileSync(join(bin, name), `${COMMON(all)}${lines}\n`, { mode: 0o700 });
  }
}
