"""Something real on a cluster that a bare Client() finds: a chunked reduction with a known answer."""

import time

import dask.array as da
from dask.distributed import Client


def slowly(block):
    time.sleep(0.5)
    return block


client = Client()
n, chunks = 64_000_000, 64
total = da.arange(n, chunks=n // chunks).map_blocks(slowly).sum().compute()
expected = n * (n - 1) // 2
print(f"sum of 0..{n - 1} in {chunks} chunks: {total}, {'right' if total == expected else 'WRONG'}")
raise SystemExit(0 if total == expected else 1)
