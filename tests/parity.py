"""What the console answers, and by which calls of the API a program does the same.

What is left out on purpose is in docs/api.md, each address with its reason, and is read from there.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_DOCS = Path(__file__).parent.parent / "docs" / "api.md"
_HEADING = "## What programs do not do"
_LINE = re.compile(r"^\| `(?P<path>/[^`]*)` \| (?P<why>.{20,}) \|$", re.MULTILINE)

_CAMPAIGN = "/campaigns/{campaign:int}"
_STEPS = {
    "pause": "pause_campaign",
    "resume": "resume_campaign",
    "launch": "launch_campaign",
    "cancel": "cancel_campaign",
    "next": "turn_to_next_channel",
}

#: The console's addresses by method, and the calls that do the same.
CALLS: Mapping[tuple[str, str], tuple[str, ...]] = {
    # Home.
    ("GET", "/"): ("list_campaigns", "list_approvals", "list_providers"),
    ("GET", "/events"): ("show_status", "list_campaigns"),
    # Composing.
    ("GET", "/compose"): ("list_kinds", "list_facts"),
    ("POST", "/compose"): ("create_campaign",),
    ("POST", "/compose/count"): ("count_segment", "check_segment", "sample_segment"),
    ("POST", f"{_CAMPAIGN}/compose"): ("change_campaign", "change_facts"),
    ("GET", "/compose/{work:int}"): ("show_campaign",),
    ("POST", "/compose/{work:int}/discard"): ("cancel_campaign",),
    ("GET", "/compose/{work:int}/preview"): ("preview_campaign",),
    ("POST", "/compose/{work:int}/preview"): ("set_wording",),
    ("GET", "/compose/{work:int}/forecast"): ("forecast_campaign",),
    ("GET", "/compose/{work:int}/{step}"): ("show_campaign", "show_own_text", "check_campaign"),
    ("POST", "/compose/{work:int}/{step}"): (
        "change_campaign",
        "change_facts",
        "set_wording",
        "clear_wording",
        "hand_over_campaign",
    ),
    # Approval.
    ("GET", "/approvals"): ("list_approvals",),
    ("GET", f"{_CAMPAIGN}/approve"): ("show_campaign", "list_differences", "list_versions"),
    ("POST", f"{_CAMPAIGN}/approve"): ("approve_campaign", "give_back_campaign", "launch_campaign"),
    ("GET", f"{_CAMPAIGN}/sheet"): ("preview_campaign",),
    ("GET", f"{_CAMPAIGN}/forecast"): ("forecast_campaign",),
    # Campaigns.
    ("GET", "/campaigns"): ("list_campaigns",),
    ("GET", _CAMPAIGN): ("show_status", "show_funnel", "list_districts", "show_thread"),
    ("GET", f"{_CAMPAIGN}/events"): ("show_status", "show_funnel"),
    **{("POST", f"{_CAMPAIGN}/{step}"): (call,) for step, call in _STEPS.items()},
    **{("GET", f"{_CAMPAIGN}/{step}"): ("show_status",) for step in _STEPS if step != "pause"},
    ("GET", f"{_CAMPAIGN}/hold"): ("show_status",),
    ("POST", f"{_CAMPAIGN}/hold"): ("hold_campaign",),
    ("GET", f"{_CAMPAIGN}/release"): ("show_status",),
    ("POST", f"{_CAMPAIGN}/release"): ("release_campaign",),
    ("GET", f"{_CAMPAIGN}/replay"): ("count_deliveries",),
    ("POST", f"{_CAMPAIGN}/replay"): ("replay_campaign",),
    ("GET", f"{_CAMPAIGN}/follow/{{word}}"): ("show_campaign",),
    ("POST", f"{_CAMPAIGN}/follow/{{word}}"): ("follow_up",),
    ("GET", f"{_CAMPAIGN}/deliveries"): ("list_deliveries", "show_delivery"),
    ("POST", f"{_CAMPAIGN}/deliveries.csv"): ("export_campaign",),
    ("GET", f"{_CAMPAIGN}/left-out"): ("list_left_out",),
    ("POST", f"{_CAMPAIGN}/left-out.csv"): ("list_left_out",),
    ("GET", f"{_CAMPAIGN}/evidence"): ("show_evidence", "list_unreached"),
    ("GET", f"{_CAMPAIGN}/evidence/document.html"): ("write_evidence",),
    ("POST", f"{_CAMPAIGN}/evidence/archive"): ("archive_evidence",),
    # People.
    ("GET", "/customers"): ("find_customers",),
    ("POST", "/customers"): ("find_customers",),
    ("GET", "/customers/{name:path}"): ("show_customer", "list_consents", "list_messages"),
    ("POST", "/customers/show"): ("show_customer", "list_accesses"),
    ("POST", "/customers/change"): ("record_consent", "create_suppression", "lift_suppression"),
    ("GET", "/customers/import"): ("list_imports", "suggest_mapping"),
    ("POST", "/customers/import"): ("create_import",),
    ("POST", "/customers/import/go"): ("create_import", "set_mapping"),
    ("GET", "/customers/import/report"): ("show_import",),
    ("GET", "/requests"): ("find_customers",),
    ("POST", "/requests/disclose"): ("disclose_customer",),
    ("POST", "/requests/erase"): ("erase_customer",),
    ("GET", "/segments"): ("list_segments",),
    ("GET", "/segments/new"): ("list_attributes", "list_areas"),
    ("POST", "/segments/new"): ("create_segment",),
    ("POST", "/segments/new/check"): ("check_segment", "count_segment", "sample_segment"),
    ("GET", "/segments/{name:path}"): ("show_segment",),
    ("POST", "/segments/{name:path}"): ("change_segment", "delete_segment"),
    ("GET", "/areas"): ("list_areas",),
    ("GET", "/areas/new"): ("list_areas",),
    ("POST", "/areas/new"): ("create_circle", "create_polygons", "create_list"),
    ("GET", "/areas/{name:path}"): ("show_area", "count_area"),
    ("POST", "/areas/{name:path}"): ("delete_area",),
    ("GET", "/attributes"): ("list_attributes",),
    ("GET", "/attributes/{name}"): ("show_attribute",),
    ("POST", "/attributes/{name}"): ("create_attribute", "change_attribute", "delete_attribute"),
    ("GET", "/rules"): ("show_fairness", "list_suppressions", "list_quiet"),
    ("POST", "/rules"): ("set_fairness",),
    ("POST", "/rules/list"): ("take_suppressions",),
    # Kinds and their texts.
    ("GET", "/kinds"): ("list_kinds", "list_locales"),
    ("GET", "/kinds/bring-in"): ("list_kinds",),
    ("POST", "/kinds/bring-in"): ("add_kind",),
    ("GET", "/kinds/all-findings"): ("check_kind",),
    ("GET", "/kinds/{kind}"): ("show_kind", "check_kind", "list_facts"),
    ("GET", "/kinds/{kind}/sheet"): ("preview_kind",),
    ("POST", "/kinds/{kind}/review"): ("review_kind",),
    ("POST", "/kinds/{kind}/remove"): ("remove_kind",),
    ("GET", "/kinds/by-language"): ("list_locales",),
    ("GET", "/kinds/by-language/{tag}/advisories.po"): ("show_catalogue",),
    ("POST", "/kinds/by-language/{tag}/advisories.po"): ("place_catalogue",),
    # Providers.
    ("GET", "/providers"): ("list_providers", "list_limits"),
    ("GET", "/providers/events"): ("list_providers", "list_limits"),
    ("POST", "/providers/limits"): ("set_limit", "reset_limit"),
    ("GET", "/providers/tariffs"): ("list_tariffs",),
    ("POST", "/providers/tariffs"): ("put_tariffs",),
    ("GET", "/providers/check"): ("examine_installation",),
    # The team.
    ("GET", "/operators"): ("list_operators", "list_roles"),
    ("POST", "/operators"): ("create_operator",),
    ("GET", "/operators/invitation/{token}"): ("invite_operator",),
    ("GET", "/operators/{operator:int}"): ("show_operator", "list_sessions"),
    ("POST", "/operators/{operator:int}/roles"): ("set_roles",),
    ("POST", "/operators/{operator:int}/invite"): ("invite_operator",),
    ("POST", "/operators/{operator:int}/disable"): ("disable_operator",),
    ("POST", "/operators/{operator:int}/enable"): ("enable_operator",),
    ("POST", "/operators/{operator:int}/sessions"): ("end_sessions", "end_session"),
    ("GET", "/audit"): ("list_audit",),
    ("GET", "/keys"): ("list_api_keys",),
    ("POST", "/keys"): ("create_api_key",),
    ("POST", "/keys/{key:int}/revoke"): ("revoke_api_key",),
    ("GET", "/webhooks"): ("list_webhooks",),
    ("POST", "/webhooks"): ("create_webhook",),
    ("GET", "/webhooks/{webhook:int}"): ("show_webhook", "list_attempts"),
    ("POST", "/webhooks/{webhook:int}/{step}"): (
        "change_webhook",
        "renew_webhook",
        "try_webhook",
        "delete_webhook",
    ),
}


def left_out() -> Mapping[str, str]:
    """Give the addresses that have no call, each with its reason, as docs/api.md lists them."""
    _, _, part = _DOCS.read_text("utf-8").partition(_HEADING)
    table = part.partition("\n## ")[0]
    return {found["path"]: found["why"] for found in _LINE.finditer(table)}


def excused(path: str, out: Iterable[str]) -> bool:
    """Tell whether an address is one of these; `/account/…` stands for all below it."""
    return any(
        path == one or (one.endswith("…") and path.startswith(one.removesuffix("…"))) for one in out
    )
