"""Plans take turns, show where they are, and leave nothing when their server process dies."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from psycopg import connect, errors

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import Channel, Lane
from broadcaster.errors import ConflictError, UnavailableError
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.planning.planner import Planner
from tests.builders import NOON, customer
from tests.fakes import FakeRenderer
from tests.rows import Everybody, Pool, Rows

_END_OURSELVES = """
CREATE FUNCTION end_ourselves() RETURNS {kind} LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_terminate_backend(pg_backend_pid());
    {rest}
END $$
"""
_MOMENTS = {
    "its table is made": "CREATE EVENT TRIGGER ending ON ddl_command_end WHEN TAG IN "
    "('CREATE TABLE') EXECUTE FUNCTION end_ourselves()",
    "its index is made": "CREATE EVENT TRIGGER ending ON ddl_command_end WHEN TAG IN "
    "('CREATE INDEX') EXECUTE FUNCTION end_ourselves()",
    "its table is joined": "CREATE EVENT TRIGGER ending ON ddl_command_start WHEN TAG IN "
    "('ALTER TABLE') EXECUTE FUNCTION end_ourselves()",
    "its batches are made": "CREATE TRIGGER ending AFTER INSERT ON batch EXECUTE FUNCTION "
    "end_ourselves()",
    "it is started": "CREATE TRIGGER ending AFTER UPDATE ON campaign EXECUTE FUNCTION "
    "end_ourselves()",
}


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


@pytest.mark.parametrize("moment", _MOMENTS)
def test_a_plan_whose_server_process_dies_leaves_nothing(rows: Rows, moment: str) -> None:
    """And the next tick finds the campaign due, and plans it whole."""
    rows.save(customer(number) for number in range(1, 6))
    campaign = rows.launched(channels=(Channel.SMS, Channel.PUSH))
    plain = "EVENT" not in _MOMENTS[moment]
    kind, rest = ("trigger", "RETURN NULL;") if plain else ("event_trigger", "")
    rows.tell(_END_OURSELVES.format(kind=kind, rest=rest))
    rows.tell(_MOMENTS[moment])
    with pytest.raises(UnavailableError):
        rows.planner().plan(campaign, NOON)
    rows.tell("DROP FUNCTION end_ourselves CASCADE")
    assert rows.ask("SELECT to_regclass(%s)", f"delivery_{campaign}") == [(None,)]
    assert rows.statuses(campaign) == []
    assert rows.batches(campaign) == []
    due = PostgresCalendar(rows.pool).due_campaigns(NOON)
    assert due == [(campaign, Lane.ROUTINE)]
    assert rows.planner().plan(campaign, NOON).planned == 5
    assert rows.statuses(campaign) == [DeliveryStatus.PLANNED] * 5 + [DeliveryStatus.SUPPRESSED] * 5


def test_a_long_plan_keeps_its_lane_and_shows_where_it_is(rows: Rows) -> None:
    """Nobody is handed a second plan of the lane, nobody waits; another lane goes its way."""
    rows.save([customer(1)])
    campaign = rows.launched(name="long")
    second = rows.launched(name="second")
    urgent = rows.launched(name="urgent", lane=Lane.URGENT)
    calendar = PostgresCalendar(rows.pool)

    def meanwhile() -> None:
        found = rows.campaigns.planning()
        assert list(found) == [campaign]
        assert found[campaign].stage == "choosing"
        assert found[campaign].since is not None
        assert calendar.due_campaigns(NOON) == [(urgent, Lane.URGENT)]
        for other in (campaign, second):
            with pytest.raises(ConflictError, match="another plan of the routine lane"):
                rows.planner().plan(other, NOON)
        assert rows.planner().plan(urgent, NOON).planned == 1

    assert _planner(rows, meanwhile).plan(campaign, NOON).planned == 1
    assert rows.campaigns.planning() == {}
    assert calendar.due_campaigns(NOON) == [(second, Lane.ROUTINE)]


def test_joining_waits_for_others_who_change_the_tables(rows: Rows, database_url: str) -> None:
    """A moment at a time, so that nothing waits behind it; then the plan is whole."""
    rows.save([customer(1)])
    campaign = rows.launched()
    with connect(database_url) as other:
        other.execute("LOCK TABLE delivery IN SHARE UPDATE EXCLUSIVE MODE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("broadcaster.planning.partition._TRIES", 2)
            patch.setattr("broadcaster.planning.partition._WAIT", "20ms")
            with pytest.raises(UnavailableError, match="55P03"):
                rows.planner().plan(campaign, NOON)
    assert rows.campaigns.get(str(campaign)).status is CampaignStatus.LAUNCHED
    assert rows.planner().plan(campaign, NOON).planned == 1


def test_while_a_plan_is_made_others_are_sent(rows: Rows) -> None:
    """Planning locks nothing that a claim needs."""
    campaign = rows.running(2)
    other = rows.launched(name="other")
    claimed: list[int] = []

    def meanwhile() -> None:
        claimed.append(rows.claimed(campaign, [1]).batch)

    _planner(rows, meanwhile).plan(other, NOON)
    assert claimed == rows.batches(campaign)


def test_no_table_takes_an_address_twice_nor_another_campaign_s_rows(rows: Rows) -> None:
    """Invariant 1 is a constraint of each table."""
    first = rows.running(2)
    second = rows.running(name="second")
    with pytest.raises(errors.UniqueViolation):
        rows.tell("UPDATE delivery SET address_id = 1 WHERE campaign_id = %s", first)
    with pytest.raises(errors.CheckViolation):
        rows.tell(f"UPDATE delivery_{second} SET campaign_id = %s", first)  # noqa: S608  (a number)
    with pytest.raises(errors.CheckViolation):
        rows.tell("UPDATE delivery SET campaign_id = 99 WHERE campaign_id = %s", first)


def _planner(rows: Rows, meanwhile: Callable[[], None]) -> Planner:
    """Make a planner during whose choice of locales something else happens."""

    class Meanwhile(FakeRenderer):
        def choose(
            self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
        ) -> str | None:
            meanwhile()
            return super().choose(kind, preferred, facts)

    return Planner(rows.pool, Everybody(), Meanwhile(), batch_size=10)
