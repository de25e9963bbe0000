"""Which runs of letters are data and which are words."""

from __future__ import annotations

import base64
import random

import pytest

from triage.predicates.dense import dense_runs, is_dense_run


@pytest.mark.parametrize("seed", range(20))
def test_encoded_bytes_are_data(seed: int) -> None:
    noise = random.Random(seed).randbytes(90)
    assert is_dense_run(base64.b64encode(noise).decode())
    assert is_dense_run(base64.urlsafe_b64encode(noise).decode())
    assert is_dense_run(noise.hex())
    assert dense_runs(f"--job={base64.b64encode(noise).decode()} -v", 48)


@pytest.mark.parametrize(
    "text",
    [
        "/opt/kafka/libs/jersey-container-servlet-core-2.39.jar:/opt/kafka/libs/other.jar",
        "org.apache.catalina.startup.BootstrapConfigurationFactory",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "0123456789abcdef" * 8,
        "KUBERNETES_SERVICE_PORT_HTTPS_AND_OTHER_NAMES_IN_CAPITALS",
        "../../../../usr/lib/x86_64-linux-gnu/libsomething-with-a-name.so.1.2.3",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    ],
)
def test_paths_words_and_digests_are_not(text: str) -> None:
    assert dense_runs(text, 20) == []
