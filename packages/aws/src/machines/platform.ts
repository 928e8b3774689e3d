import type { Platform } from '@daskup/dask/platform';

/** The version that is fetched where there is none; its installer knows the checksums of what it fetches. */
const UV = '0.13.9';

/**
 * How a machine of EC2 learns who it is: from its metadata service, by version 2 of it alone. What it cannot learn it
 * must not guess, so it ends instead.
 *
 * Dask's user is made (useradd's 9 tells that it is there: useradd(8)). Instance storage is told by its model, and blank
 * whenever an instance starts. Sources: EC2 user guide, "Make instance store volumes available", "RAID configuration".
 */
export const platform: Platform = {
  identify: `
imds=\${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}
get() { curl -sf --noproxy '*' -m 5 --retry 10 --retry-delay 1 --retry-connrefused "$@"; }
imds_token=$(get -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600' "$imds/latest/api/token")
meta() { get -H "X-aws-ec2-metadata-token: $imds_token" "$imds/latest/meta-data/$1"; }
DASKUP_ID=$(meta instance-id) && DASKUP_ADDRESS=$(meta local-ipv4) && life=$(meta instance-life-cycle) || {
echo 'daskup: 0s ending: its metadata service does not answer'
shutdown -h now
exit
}
export DASKUP_ID DASKUP_ADDRESS HOME="\${HOME:-/root}" DASKUP_THREADS= DASKUP_MEMORY=
export DASKUP_DIR="\${DASKUP_DIR:-/var/lib/daskup}" DASKUP_CACHE="\${DASKUP_CACHE:-/var/cache/daskup}" DASKUP_NOTICE=
[[ $life == spot ]] && DASKUP_NOTICE=$imds
export DASKUP_USER= UV_PYTHON_INSTALL_DIR="$DASKUP_DIR/python"
cache_mode=700
if ((EUID == 0)); then
useradd -rUM -s /usr/sbin/nologin daskup >/dev/null 2>&1
case $? in 0 | 9) DASKUP_USER=daskup cache_mode=755 ;; esac
fi
mkdir -p -m 711 "$DASKUP_DIR"
mkdir -p -m $cache_mode "$DASKUP_CACHE"
exec > >(tee "$DASKUP_DIR/boot.log") 2>&1
mount_scratch() {
local name model disk disks=()
while read -r name model; do
[[ $model == 'Amazon EC2 NVMe Instance Storage'* ]] && disks+=("$name")
done < <(lsblk -dpno NAME,MODEL)
disk=\${disks[0]:-}
[[ -n $disk ]] || return
((\${#disks[@]} > 1)) && mdadm --create /dev/md0 --run --level=0 --raid-devices=\${#disks[@]} "\${disks[@]}" && disk=/dev/md0
timeout 120 mkfs.ext4 -q -F -m 0 -E nodiscard "$disk" && mount -o noatime "$disk" "$1"
}
export PATH="$HOME/.local/bin:$PATH"
`,
  fetch: {
    uv: `curl -LsSf -m 60 --retry 2 https://astral.sh/uv/${UV}/install.sh | UV_NO_MODIFY_PATH=1 sh`,
    // Ubuntu's own image, then Amazon's. A machine that has just come up may be at its updates.
    docker: `
if command -v apt-get >/dev/null; then
export DEBIAN_FRONTEND=noninteractive
apt-get -q update && apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends docker.io
else
dnf -qy install docker && systemctl start docker
fi`,
  },
};
