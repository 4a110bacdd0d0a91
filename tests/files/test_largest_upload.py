"""The largest object that stores accept, checked by arithmetic."""

from tests.support.files.consistency import assert_consistent, balance_of
from tests.support.files.direct_uploads import UPLOADS

FIVE_TERABYTES = 5 * 1024**4
MOST_PARTS = 10_000  # Amazon S3 user guide, "Multipart upload limits"
LARGEST_PART = 5 * 1024**3


def test_five_terabyte_upload_stays_within_the_part_limits(in_process_client, new_agency, settings):
    settings.TENANT_LIMITS = {**settings.TENANT_LIMITS, "storage_bytes": 0}
    agency = new_agency()
    ada = in_process_client(agency, agency.owner)
    spec = {"name": "universe.bin", "size": FIVE_TERABYTES}

    begun = ada.post(UPLOADS, spec, content_type="application/json")
    upload = begun.json()
    where, count, size = f"{UPLOADS}/{upload['id']}", upload["part_count"], upload["part_size"]
    last = ada.post(f"{where}/parts", {"numbers": [count]}, content_type="application/json")
    beyond = ada.post(f"{where}/parts", {"numbers": [count + 1]}, content_type="application/json")
    held = balance_of(agency)

    assert begun.status_code == 201
    assert (count - 1) * size < FIVE_TERABYTES <= count * size
    assert count <= MOST_PARTS
    assert size <= LARGEST_PART
    assert (last.status_code, beyond.status_code) == (200, 400)
    assert f"partNumber={count}&" in last.json()["urls"][0]
    assert held == (0, 0, FIVE_TERABYTES, 1)
    assert ada.delete(where).status_code == 204
    assert_consistent(agency)
