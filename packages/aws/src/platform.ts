import type { Platform } from '@daskup/dask/platform';

/** The version that is fetched where there is none; its installer knows the checksums of what it fetches. */
const UV = '0.13.9';

/**
 * How a machine of EC2 learns who it is: from its metadata service, by version 2 of it alone. What it cannot learn it
 * must not guess, so it ends instead.
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
mkdir -p -m 700 "$DASKUP_DIR" "$DASKUP_CACHE"
export PATH="$HOME/.local/bin:$PATH"
command -v uv >/dev/null || python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
curl -LsSf -m 60 --retry 2 https://astral.sh/uv/${UV}/install.sh | UV_NO_MODIFY_PATH=1 sh >/dev/null 2>&1
`,
};
