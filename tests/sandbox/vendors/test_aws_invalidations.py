"""What the stand-in of CloudFront adds to moto, asked through boto3."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from slipway.sandbox.vendors.aws import ACCESS_KEY, serving_aws


def asked(address: str, paths: list[str], reference: str) -> Any:
    """Ask for an invalidation."""
    client = boto3.client(
        "cloudfront",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key="sandbox-secret",
    )
    batch = {"Paths": {"Quantity": len(paths), "Items": paths}, "CallerReference": reference}
    return client.create_invalidation(DistributionId="E1", InvalidationBatch=batch)["Invalidation"]


def test_the_same_reference_is_answered_with_the_first_invalidation() -> None:
    with serving_aws(buckets=["site"], distributions={"E1": "site"}) as (_, address):
        first = asked(address, ["/*"], "one")
        assert asked(address, ["/*"], "one")["Id"] == first["Id"]
        assert asked(address, ["/*"], "two")["Id"] != first["Id"]
        with pytest.raises(ClientError, match="InvalidationBatchAlreadyExists"):
            asked(address, ["/other"], "one")
