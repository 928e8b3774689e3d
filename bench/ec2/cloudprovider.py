"""dask-cloudprovider's cluster on EC2 as its users make it.

    cloudprovider.py group              the security group that it takes, which this version cannot make itself (its issue 481)
    cloudprovider.py up N FOLDER        N workers; their certificates into FOLDER; ended when the standard input is over

Says on the standard output what has happened, a word or a line of words each: made, joined, ended, failed: WHY.
"""

import asyncio
import sys
from pathlib import Path

from aiobotocore.session import get_session
from dask_cloudprovider.aws import EC2Cluster
from dask_cloudprovider.aws.helper import create_default_security_group, get_default_vpc
from distributed import Client
from distributed.security import Security

REGION = "eu-west-2"
DOCKER = Path(__file__).with_name("docker")


async def make_group():
    async with get_session().create_client("ec2", region_name=REGION) as ec2:
        await create_default_security_group(ec2, "dask-default", await get_default_vpc(ec2), {"createdBy": "bench"})


def say(text):
    print(text, flush=True)


def up(workers, folder):
    # What it would make by itself, kept so that the bench can start its workers.
    security = Security.temporary()
    for name, text in {
        "ca.pem": security.tls_ca_file,
        "cert.pem": security.tls_worker_cert,
        "key.pem": security.tls_worker_key,
    }.items():
        Path(folder, name).write_text(text)
    try:
        # bootstrap=False: its image has Docker, as daskup's has its software.
        cluster = EC2Cluster(
            region=REGION,
            n_workers=workers,
            spot=True,
            bootstrap=False,
            extra_bootstrap=[f"ln -sf {DOCKER} $HOME/bin/docker"],
            security=security,
        )
    except Exception as error:
        # What went wrong first: its own end goes wrong too where there is no machine yet.
        while error.__context__:
            error = error.__context__
        return say(f"failed: {type(error).__name__}: {error}".splitlines()[0])
    say("made")
    client = Client(cluster)
    client.wait_for_workers(workers)
    assert client.submit(sum, [1, 2]).result() == 3
    say("joined")
    sys.stdin.read()
    client.close()
    cluster.close()
    say("ended")


if sys.argv[1] == "group":
    asyncio.run(make_group())
else:
    up(int(sys.argv[2]), sys.argv[3])
