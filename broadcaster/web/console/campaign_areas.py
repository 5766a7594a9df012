"""Home, the campaigns, and all that is done with one: they look at campaigns together."""

from collections.abc import Callable, Sequence

from broadcaster.bootstrap import Runtime
from broadcaster.web.console.campaign import CampaignPage
from broadcaster.web.console.campaigns import CampaignList
from broadcaster.web.console.desk import Area, Desk
from broadcaster.web.console.feeds import Feeds
from broadcaster.web.console.followups import FollowUps
from broadcaster.web.console.holding import Holding
from broadcaster.web.console.home import Home
from broadcaster.web.console.left_out import LeftOutPages
from broadcaster.web.console.lists import Lists
from broadcaster.web.console.looks import Looks
from broadcaster.web.console.networks import Networks
from broadcaster.web.console.steering import Steering


def areas(runtime: Runtime, desk: Desk, stopping: Callable[[], bool]) -> Sequence[Area]:
    """Make them; `stopping` says that the server is about to end."""
    feeds = Feeds(stopping)
    looks = Looks(runtime, lambda: feeds.watchers)
    networks = Networks(runtime)
    page = CampaignPage(runtime, desk, looks, feeds, networks)
    return (
        Home(runtime, desk, looks, feeds, networks),
        CampaignList(runtime, desk, looks),
        page,
        Lists(runtime, desk, looks),
        LeftOutPages(runtime, desk),
        Steering(runtime, desk, looks, page),
        Holding(runtime, desk, looks),
        FollowUps(runtime, desk, looks),
    )
