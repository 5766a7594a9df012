"""The calls of the API, a method for each.

Written from the API's own description by `python -m tests.client_source`; not by hand.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from broadcaster.client.transport import Answer, Transport, quoted


class Operations:
    """Every call; bodies are keyword arguments as docs/api.md has them, answers are JSON values."""

    def __init__(self, transport: Transport) -> None:
        """Ask by a transport."""
        self._transport = transport

    def show_me(
        self,
    ) -> dict[str, Any]:
        """Show whose key it is, and what it may do now."""
        return self._transport.ask("GET", "/me").object()

    def list_operators(
        self,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List the people of the team."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages("/operators", query)

    def create_operator(
        self,
        *,
        name: str,
        roles: Sequence[str],
    ) -> dict[str, Any]:
        """Add somebody and invite them: the link is told here and never again."""
        given: dict[str, Any] = {"name": name, "roles": roles}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/operators", body=body).object()

    def list_roles(
        self,
    ) -> dict[str, Any]:
        """List the roles, and what each may do."""
        return self._transport.ask("GET", "/roles").object()

    def list_api_keys(
        self,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List keys, the newest first, revoked ones too."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages("/api-keys", query)

    def create_api_key(
        self,
        *,
        name: str,
        owner: str,
        scopes: Sequence[str],
        days: int | None = None,
        rate: int | None = None,
    ) -> dict[str, Any]:
        """Make a key that acts for an operator; the key itself is told here and never again."""
        given: dict[str, Any] = {
            "name": name,
            "owner": owner,
            "scopes": scopes,
            "days": days,
            "rate": rate,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/api-keys", body=body).object()

    def revoke_api_key(
        self,
        key: int,
    ) -> dict[str, Any]:
        """End a key for good, now."""
        return self._transport.ask("DELETE", f"/api-keys/{quoted(key)}").object()

    def list_audit(
        self,
        *,
        subject: str | None = None,
        by: str | None = None,
        action: str | None = None,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """Read who did what, the latest first."""
        query: dict[str, Any] = {"subject": subject, "by": by, "action": action, "limit": limit}
        return self._transport.pages("/audit", query)

    def list_publications(
        self,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List what everybody may read, the newest first."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages("/publications", query)

    def show_operator(
        self,
        operator: int,
    ) -> dict[str, Any]:
        """Show what somebody is, and by what they enter."""
        return self._transport.ask("GET", f"/operators/{quoted(operator)}").object()

    def set_roles(
        self,
        operator: int,
        *,
        roles: Sequence[str],
    ) -> dict[str, Any]:
        """Say what somebody is from now on; their sessions end. One administrator has to stay."""
        given: dict[str, Any] = {"roles": roles}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask(
            "PUT", f"/operators/{quoted(operator)}/roles", body=body
        ).object()

    def invite_operator(
        self,
        operator: int,
        *,
        reset: bool | None = None,
    ) -> dict[str, Any]:
        """Make a new link by which somebody sets a password; the link before it ends."""
        given: dict[str, Any] = {"reset": reset}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask(
            "POST", f"/operators/{quoted(operator)}/invitations", body=body
        ).object()

    def disable_operator(
        self,
        operator: int,
    ) -> dict[str, Any]:
        """Let somebody in no more, nor a key of theirs; not oneself, nor the last administrator."""
        return self._transport.ask("POST", f"/operators/{quoted(operator)}/disable").object()

    def enable_operator(
        self,
        operator: int,
    ) -> dict[str, Any]:
        """Let somebody in again, as before."""
        return self._transport.ask("POST", f"/operators/{quoted(operator)}/enable").object()

    def list_sessions(
        self,
        operator: int,
    ) -> dict[str, Any]:
        """List where somebody is signed in."""
        return self._transport.ask("GET", f"/operators/{quoted(operator)}/sessions").object()

    def end_sessions(
        self,
        operator: int,
    ) -> dict[str, Any]:
        """Sign somebody out everywhere."""
        return self._transport.ask("DELETE", f"/operators/{quoted(operator)}/sessions").object()

    def end_session(
        self,
        operator: int,
        session: int,
    ) -> dict[str, Any]:
        """Sign somebody out in one place."""
        return self._transport.ask(
            "DELETE", f"/operators/{quoted(operator)}/sessions/{quoted(session)}"
        ).object()

    def list_kinds(
        self,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List the kinds by name."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages("/kinds", query)

    def add_kind(
        self,
        *,
        content: bytes,
        name: str | None = None,
        replace: bool | None = None,
    ) -> dict[str, Any]:
        """Take the ZIP archive of a kind, check it aside, and place it when nothing is wrong.

        409 where there is one of its name, unless it is to be replaced.
        """
        query: dict[str, Any] = {"name": name, "replace": replace}
        return self._transport.ask("POST", "/kinds", query=query, file=content).object()

    def show_kind(
        self,
        kind: str,
    ) -> dict[str, Any]:
        """Show one."""
        return self._transport.ask("GET", f"/kinds/{quoted(kind)}").object()

    def remove_kind(
        self,
        kind: str,
    ) -> dict[str, Any]:
        """Take out one of the organisation's own; a shipped one of its name stands then."""
        return self._transport.ask("DELETE", f"/kinds/{quoted(kind)}").object()

    def list_facts(
        self,
        kind: str,
    ) -> dict[str, Any]:
        """Say of each fact what it is, whether it is needed, and how it is written."""
        return self._transport.ask("GET", f"/kinds/{quoted(kind)}/facts").object()

    def check_kind(
        self,
        kind: str,
    ) -> dict[str, Any]:
        """Check every part of a kind in every language."""
        return self._transport.ask("GET", f"/kinds/{quoted(kind)}/check").object()

    def preview_kind(
        self,
        kind: str,
        *,
        locale: str,
        channel: str,
        facts: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Render a kind with facts, or with its own samples."""
        given: dict[str, Any] = {"locale": locale, "channel": channel, "facts": facts}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", f"/kinds/{quoted(kind)}/preview", body=body).object()

    def review_kind(
        self,
        kind: str,
        *,
        locale: str,
        by: str,
        native: bool | None = None,
    ) -> dict[str, Any]:
        """Record that somebody answers for the texts of a kind in a language as they are now.

        409 where a text is missing.
        """
        given: dict[str, Any] = {"locale": locale, "by": by, "native": native}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", f"/kinds/{quoted(kind)}/reviews", body=body).object()

    def list_locales(
        self,
    ) -> dict[str, Any]:
        """List the languages that customers read, and where the texts of each kind stand."""
        return self._transport.ask("GET", "/locales").object()

    def show_catalogue(
        self,
        locale: str,
    ) -> Answer:
        """Give the PO file that translators go on with."""
        return self._transport.ask("GET", f"/locales/{quoted(locale)}/catalogue")

    def place_catalogue(
        self,
        locale: str,
        *,
        content: bytes,
    ) -> dict[str, Any]:
        """Check a PO file aside, and put it in place when nothing is wrong."""
        return self._transport.ask(
            "PUT", f"/locales/{quoted(locale)}/catalogue", file=content
        ).object()

    def list_segments(
        self,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List saved segments by name."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages("/segments", query)

    def create_segment(
        self,
        *,
        name: str,
        expression: str,
    ) -> dict[str, Any]:
        """Save a new segment; 409 where there is one of that name, which PUT changes."""
        given: dict[str, Any] = {"name": name, "expression": expression}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/segments", body=body).object()

    def check_segment(
        self,
        *,
        segment: str | None = None,
        expression: str | None = None,
    ) -> dict[str, Any]:
        """Check an expression; nothing is saved."""
        given: dict[str, Any] = {"segment": segment, "expression": expression}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/segments/check", body=body).object()

    def count_segment(
        self,
        *,
        segment: str | None = None,
        expression: str | None = None,
    ) -> dict[str, Any]:
        """Count whom a segment or an expression selects.

        An expression is counted for who may see people or make segments: of one that names
        a customer the count tells what they are.
        """
        given: dict[str, Any] = {"segment": segment, "expression": expression}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/segments/count", body=body).object()

    def sample_segment(
        self,
        *,
        segment: str | None = None,
        expression: str | None = None,
        most: int | None = None,
        names: bool | None = None,
        purpose: str | None = None,
    ) -> dict[str, Any]:
        """Show the first of those whom a segment or an expression selects."""
        given: dict[str, Any] = {
            "segment": segment,
            "expression": expression,
            "most": most,
            "names": names,
            "purpose": purpose,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/segments/sample", body=body).object()

    def show_segment(
        self,
        name: str,
    ) -> dict[str, Any]:
        """Show one, also as the tree that forms build."""
        return self._transport.ask("GET", f"/segments/{quoted(name)}").object()

    def change_segment(
        self,
        name: str,
        *,
        expression: str,
    ) -> dict[str, Any]:
        """Save or change the one of that name; campaigns made before keep theirs."""
        given: dict[str, Any] = {"expression": expression}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("PUT", f"/segments/{quoted(name)}", body=body).object()

    def delete_segment(
        self,
        name: str,
    ) -> dict[str, Any]:
        """Delete one that stands in no other."""
        return self._transport.ask("DELETE", f"/segments/{quoted(name)}").object()

    def list_areas(
        self,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List areas by name."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages("/areas", query)

    def create_circle(
        self,
        *,
        name: str,
        longitude: float,
        latitude: float,
        metres: float,
    ) -> dict[str, Any]:
        """Store everything within a distance of a place; one of that name is changed."""
        given: dict[str, Any] = {
            "name": name,
            "longitude": longitude,
            "latitude": latitude,
            "metres": metres,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/areas/circles", body=body).object()

    def create_polygons(
        self,
        *,
        name: str,
        geojson: Mapping[str, Any],
        repair: bool | None = None,
    ) -> dict[str, Any]:
        """Store polygons as one area; one of that name is changed."""
        given: dict[str, Any] = {"name": name, "geojson": geojson, "repair": repair}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/areas/polygons", body=body).object()

    def create_list(
        self,
        *,
        name: str,
        attribute: str,
        values: Sequence[str],
    ) -> dict[str, Any]:
        """Store an area that is a list of values of an attribute; one of that name is changed."""
        given: dict[str, Any] = {"name": name, "attribute": attribute, "values": values}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/areas/lists", body=body).object()

    def count_area(
        self,
        *,
        area: str,
    ) -> dict[str, Any]:
        """Count the customers of an area, all there are, and those whose place is not known."""
        given: dict[str, Any] = {"area": area}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/areas/count", body=body).object()

    def show_area(
        self,
        name: str,
    ) -> dict[str, Any]:
        """Show what an area is; of a name with its hash, that version.

        What a list holds is for who may see people: it may be customers' numbers. Else it
        is null.
        """
        return self._transport.ask("GET", f"/areas/{quoted(name)}").object()

    def delete_area(
        self,
        name: str,
    ) -> dict[str, Any]:
        """Delete one that no saved segment asks about."""
        return self._transport.ask("DELETE", f"/areas/{quoted(name)}").object()

    def list_attributes(
        self,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List what may be known of customers, by name."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages("/attributes", query)

    def create_attribute(
        self,
        *,
        name: str,
        kind: str,
        labels: Mapping[str, Any],
        choices: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Add one: from then on it is a column of imports and a name in segments."""
        given: dict[str, Any] = {"name": name, "kind": kind, "labels": labels, "choices": choices}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/attributes", body=body).object()

    def show_attribute(
        self,
        name: str,
    ) -> dict[str, Any]:
        """Show one with its labels in every language."""
        return self._transport.ask("GET", f"/attributes/{quoted(name)}").object()

    def change_attribute(
        self,
        name: str,
        *,
        kind: str | None = None,
        labels: Mapping[str, Any] | None = None,
        choices: Mapping[str, Any] | None = None,
        without_choices: Sequence[str] | None = None,
        retired: bool | None = None,
    ) -> dict[str, Any]:
        """Change labels, add or change choices, take away what nobody uses, or retire one."""
        given: dict[str, Any] = {
            "kind": kind,
            "labels": labels,
            "choices": choices,
            "without_choices": without_choices,
            "retired": retired,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("PATCH", f"/attributes/{quoted(name)}", body=body).object()

    def delete_attribute(
        self,
        name: str,
        *,
        with_values: bool | None = None,
    ) -> dict[str, Any]:
        """Remove one that no segment asks for."""
        query: dict[str, Any] = {"with_values": with_values}
        return self._transport.ask("DELETE", f"/attributes/{quoted(name)}", query=query).object()

    def find_customers(
        self,
        *,
        address: str,
        purpose: str,
    ) -> dict[str, Any]:
        """Find the numbers of those who have an address, by its exact value; noted of each."""
        given: dict[str, Any] = {"address": address, "purpose": purpose}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/customers/find", body=body).object()

    def show_customer(
        self,
        number: str,
        *,
        purpose: str,
    ) -> dict[str, Any]:
        """Show who a customer is and how they are reached; who looked, and why, is noted."""
        query: dict[str, Any] = {"purpose": purpose}
        return self._transport.ask("GET", f"/customers/{quoted(number)}", query=query).object()

    def store_customer(  # noqa: PLR0913  (each is a field)
        self,
        number: str,
        *,
        name: str,
        name_latin: str | None = None,
        locales: Sequence[str] | None = None,
        time_zone: str | None = None,
        phone: str | None = None,
        phone_2: str | None = None,
        email: str | None = None,
        email_2: str | None = None,
        push_endpoint: str | None = None,
        push_p256dh: str | None = None,
        push_auth: str | None = None,
        fcm_token: str | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        household: str | None = None,
        opted_out: str | None = None,
        consented: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Add a customer, or change the one of that number."""
        given: dict[str, Any] = {
            "name": name,
            "name_latin": name_latin,
            "locales": locales,
            "time_zone": time_zone,
            "phone": phone,
            "phone_2": phone_2,
            "email": email,
            "email_2": email_2,
            "push_endpoint": push_endpoint,
            "push_p256dh": push_p256dh,
            "push_auth": push_auth,
            "fcm_token": fcm_token,
            "longitude": longitude,
            "latitude": latitude,
            "household": household,
            "opted_out": opted_out,
            "consented": consented,
            "attributes": attributes,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("PUT", f"/customers/{quoted(number)}", body=body).object()

    def list_consents(
        self,
        number: str,
    ) -> dict[str, Any]:
        """Show what may go to a customer by class, why, and the history; masked, and noted."""
        return self._transport.ask("GET", f"/customers/{quoted(number)}/consents").object()

    def record_consent(
        self,
        number: str,
        *,
        scope: str,
        granted: bool,
        proof: str,
        channels: Sequence[str] | None = None,
        source: str | None = None,
        at: str | None = None,
    ) -> dict[str, Any]:
        """Record that a customer, or somebody who decides about them, agreed or refused."""
        given: dict[str, Any] = {
            "channels": channels,
            "scope": scope,
            "granted": granted,
            "source": source,
            "proof": proof,
            "at": at,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask(
            "POST", f"/customers/{quoted(number)}/consents", body=body
        ).object()

    def list_messages(
        self,
        number: str,
        *,
        purpose: str,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List every message that was planned for a customer, and what became of it; noted."""
        query: dict[str, Any] = {"purpose": purpose, "limit": limit}
        return self._transport.pages(f"/customers/{quoted(number)}/messages", query)

    def list_accesses(
        self,
        number: str,
    ) -> dict[str, Any]:
        """List who looked at a customer's data, and why."""
        return self._transport.ask("GET", f"/customers/{quoted(number)}/accesses").object()

    def disclose_customer(
        self,
        number: str,
        *,
        purpose: str,
    ) -> dict[str, Any]:
        """Give everything that is held about a customer, with what each part is; noted."""
        given: dict[str, Any] = {"purpose": purpose}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask(
            "POST", f"/customers/{quoted(number)}/disclosure", body=body
        ).object()

    def erase_customer(
        self,
        number: str,
        *,
        reason: str,
    ) -> dict[str, Any]:
        """Erase a customer; figures stay as they are, and their addresses stay barred.

        Refused while a message to them is in the air, or an advisory that protects them is
        valid.
        """
        given: dict[str, Any] = {"reason": reason}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask(
            "POST", f"/customers/{quoted(number)}/erasure", body=body
        ).object()

    def store_customers(
        self,
        *,
        customers: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        """Add customers, or change those whose number is there; all of them or none.

        One that cannot be read refuses all, and says which. An address that cannot be used
        refuses nobody; it is among the findings.
        """
        given: dict[str, Any] = {"customers": customers}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/customers/bulk", body=body).object()

    def list_suppressions(
        self,
        *,
        channel: str | None = None,
        ground: str | None = None,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List barred addresses, masked."""
        query: dict[str, Any] = {"channel": channel, "ground": ground, "limit": limit}
        return self._transport.pages("/suppressions", query)

    def create_suppression(
        self,
        *,
        address: str,
        scope: str,
        proof: str,
        source: str | None = None,
        at: str | None = None,
    ) -> dict[str, Any]:
        """Bar an address, whoever has it; how it stands then."""
        given: dict[str, Any] = {
            "address": address,
            "scope": scope,
            "source": source,
            "proof": proof,
            "at": at,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/suppressions", body=body).object()

    def take_suppressions(
        self,
        *,
        file: str,
        content: bytes,
        scope: str | None = None,
        dry_run: bool | None = None,
    ) -> dict[str, Any]:
        """Take a list (CSV, TSV, XLSX, ODS): good rows are stored, others told with the reason."""
        query: dict[str, Any] = {"file": file, "scope": scope, "dry_run": dry_run}
        return self._transport.ask("POST", "/suppressions/list", query=query, file=content).object()

    def show_suppression(
        self,
        *,
        address: str,
    ) -> dict[str, Any]:
        """Show what may go to an address, whoever has it, why, and the history."""
        given: dict[str, Any] = {"address": address}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/suppressions/show", body=body).object()

    def lift_suppression(
        self,
        *,
        address: str,
        reason: str,
        proof: str,
        ground: str | None = None,
        order: str | None = None,
    ) -> dict[str, Any]:
        """Free an address, on one ground or on all; an order is lifted by an order alone."""
        given: dict[str, Any] = {
            "address": address,
            "reason": reason,
            "proof": proof,
            "ground": ground,
            "order": order,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/suppressions/lift", body=body).object()

    def create_import(
        self,
        *,
        file: str,
        content: bytes,
        mapping: str | None = None,
        dry_run: bool | None = None,
        snapshot: bool | None = None,
        as_of: str | None = None,
        in_parts: bool | None = None,
        anew: bool | None = None,
    ) -> dict[str, Any]:
        """Take a file and begin to import it; `GET /imports/{import}` says how far it is.

        What is no table, or lacks a column that is needed, is refused at once. All good
        rows are stored in one transaction: should this server end meanwhile, nothing is,
        and it can be sent again. With `in_parts` what is stored by then stays, and the same
        file sent again goes on after it; if it is not the same, or is to be read otherwise,
        it is refused unless it is begun `anew`. A snapshot by which too many would leave,
        or with rows that cannot be read, is refused.
        """
        query: dict[str, Any] = {
            "file": file,
            "mapping": mapping,
            "dry_run": dry_run,
            "snapshot": snapshot,
            "as_of": as_of,
            "in_parts": in_parts,
            "anew": anew,
        }
        return self._transport.ask("POST", "/imports", query=query, file=content).object()

    def list_imports(
        self,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List imports by the API, the console and the command, the newest first."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages("/imports", query)

    def show_import(
        self,
        import_id: int,
    ) -> dict[str, Any]:
        """Show how far it is, and what came of it."""
        return self._transport.ask("GET", f"/imports/{quoted(import_id)}").object()

    def forget_import(
        self,
        import_id: int,
    ) -> dict[str, Any]:
        """Forget one in parts that was ended half way, and is not to be gone on with.

        What it stored stays; it stays in the list.
        """
        return self._transport.ask("DELETE", f"/imports/{quoted(import_id)}").object()

    def list_mappings(
        self,
    ) -> dict[str, Any]:
        """List the names of saved mappings."""
        return self._transport.ask("GET", "/mappings").object()

    def show_mapping(
        self,
        name: str,
    ) -> dict[str, Any]:
        """Show one."""
        return self._transport.ask("GET", f"/mappings/{quoted(name)}").object()

    def set_mapping(
        self,
        name: str,
        *,
        mapping: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Save a mapping, or change the one of that name."""
        given: dict[str, Any] = {"mapping": mapping}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("PUT", f"/mappings/{quoted(name)}", body=body).object()

    def delete_mapping(
        self,
        name: str,
    ) -> dict[str, Any]:
        """Delete one; what was imported with it stays."""
        return self._transport.ask("DELETE", f"/mappings/{quoted(name)}").object()

    def suggest_mapping(
        self,
        *,
        file: str,
        content: bytes,
    ) -> dict[str, Any]:
        """Look at a file's columns and say what each probably is, as a mapping to be saved.

        The beginning of a large CSV file is enough.
        """
        query: dict[str, Any] = {"file": file}
        return self._transport.ask("POST", "/mappings/suggest", query=query, file=content).object()

    def list_campaigns(
        self,
        *,
        status: str | None = None,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List campaigns, the newest first."""
        query: dict[str, Any] = {"status": status, "limit": limit}
        return self._transport.pages("/campaigns", query)

    def create_campaign(  # noqa: PLR0913  (each is a field)
        self,
        *,
        name: str,
        kind: str,
        segment: str | None = None,
        expression: str | None = None,
        area: str | None = None,
        segment_name: str | None = None,
        facts: Mapping[str, Any] | None = None,
        channels: Sequence[str] | None = None,
        plan: str | None = None,
        escalate_after: Sequence[int] | None = None,
        effective: str | None = None,
        expires: str | None = None,
        scheduled: str | None = None,
        message_class: str | None = None,
        lane: str | None = None,
        one_per: str | None = None,
        drill: bool | None = None,
    ) -> dict[str, Any]:
        """Make a draft; nothing is sent before it is approved and launched."""
        given: dict[str, Any] = {
            "segment": segment,
            "expression": expression,
            "area": area,
            "segment_name": segment_name,
            "name": name,
            "kind": kind,
            "facts": facts,
            "channels": channels,
            "plan": plan,
            "escalate_after": escalate_after,
            "effective": effective,
            "expires": expires,
            "scheduled": scheduled,
            "message_class": message_class,
            "lane": lane,
            "one_per": one_per,
            "drill": drill,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/campaigns", body=body).object()

    def show_campaign(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Show what it is and what it says; `ETag` marks what would be sent."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}").object()

    def change_campaign(  # noqa: PLR0913  (each is a field)
        self,
        campaign: int,
        *,
        segment: str | None = None,
        expression: str | None = None,
        area: str | None = None,
        segment_name: str | None = None,
        name: str | None = None,
        pin_again: bool | None = None,
        channels: Sequence[str] | None = None,
        plan: str | None = None,
        escalate_after: Sequence[int] | None = None,
        effective: str | None = None,
        expires: str | None = None,
        scheduled: str | None = None,
        message_class: str | None = None,
        lane: str | None = None,
        one_per: str | None = None,
        drill: bool | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]:
        """Change whom it is for, how and when it goes; what was approved is a draft then.

        Its kind stays. What follows another message keeps its audience, its channels and
        its class.
        """
        given: dict[str, Any] = {
            "segment": segment,
            "expression": expression,
            "area": area,
            "segment_name": segment_name,
            "name": name,
            "pin_again": pin_again,
            "channels": channels,
            "plan": plan,
            "escalate_after": escalate_after,
            "effective": effective,
            "expires": expires,
            "scheduled": scheduled,
            "message_class": message_class,
            "lane": lane,
            "one_per": one_per,
            "drill": drill,
        }
        body = {name: one for name, one in given.items() if one is not None}
        headers = {} if if_match is None else {"If-Match": if_match}
        return self._transport.ask(
            "PATCH", f"/campaigns/{quoted(campaign)}", body=body, headers=headers
        ).object()

    def change_facts(
        self,
        campaign: int,
        *,
        facts: Mapping[str, Any],
        if_match: str | None = None,
    ) -> dict[str, Any]:
        """Set facts anew; what was approved is a draft then, what was launched refuses."""
        given: dict[str, Any] = {"facts": facts}
        body = {name: one for name, one in given.items() if one is not None}
        headers = {} if if_match is None else {"If-Match": if_match}
        return self._transport.ask(
            "PATCH", f"/campaigns/{quoted(campaign)}/facts", body=body, headers=headers
        ).object()

    def follow_up(
        self,
        campaign: int,
        *,
        message_type: str,
        kind: str | None = None,
        name: str | None = None,
        facts: Mapping[str, Any] | None = None,
        expires: str | None = None,
        lane: str | None = None,
    ) -> dict[str, Any]:
        """Make a draft of what is new, right, withdrawn or over, for whom the campaign told."""
        given: dict[str, Any] = {
            "message_type": message_type,
            "kind": kind,
            "name": name,
            "facts": facts,
            "expires": expires,
            "lane": lane,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask(
            "POST", f"/campaigns/{quoted(campaign)}/follow-ups", body=body
        ).object()

    def list_wordings(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """List the texts that were written for this campaign alone."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/wordings").object()

    def set_wording(
        self,
        campaign: int,
        *,
        part: str,
        locale: str,
        text: str,
        keep: bool | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]:
        """Word a part in a language; checked and shown, and kept unless something blocks it."""
        given: dict[str, Any] = {"part": part, "locale": locale, "text": text, "keep": keep}
        body = {name: one for name, one in given.items() if one is not None}
        headers = {} if if_match is None else {"If-Match": if_match}
        return self._transport.ask(
            "PUT", f"/campaigns/{quoted(campaign)}/wordings", body=body, headers=headers
        ).object()

    def clear_wording(
        self,
        campaign: int,
        *,
        part: str,
        locale: str,
        if_match: str | None = None,
    ) -> dict[str, Any]:
        """Go back to the kind's own text; an approved campaign is a draft afterwards."""
        query: dict[str, Any] = {"part": part, "locale": locale}
        headers = {} if if_match is None else {"If-Match": if_match}
        return self._transport.ask(
            "DELETE", f"/campaigns/{quoted(campaign)}/wordings", query=query, headers=headers
        ).object()

    def show_own_text(
        self,
        campaign: int,
        *,
        part: str,
        locale: str,
    ) -> dict[str, Any]:
        """Show the kind's own text as a wording that can be changed."""
        query: dict[str, Any] = {"part": part, "locale": locale}
        return self._transport.ask(
            "GET", f"/campaigns/{quoted(campaign)}/wordings/own", query=query
        ).object()

    def preview_campaign(
        self,
        campaign: int,
        *,
        locale: str,
        channel: str,
    ) -> dict[str, Any]:
        """Render its message of a channel in a language, as it reads now, to a sample customer."""
        query: dict[str, Any] = {"locale": locale, "channel": channel}
        return self._transport.ask(
            "GET", f"/campaigns/{quoted(campaign)}/preview", query=query
        ).object()

    def forecast_campaign(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Say who would be told, what it costs, how long it takes, who is left out and why."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/forecast").object()

    def check_campaign(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Say what would keep it from being launched, and what should be known before."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/check").object()

    def list_approvals(
        self,
    ) -> dict[str, Any]:
        """List what was handed over and not changed since, the longest waiting first."""
        return self._transport.ask("GET", "/approvals").object()

    def hand_over_campaign(
        self,
        campaign: int,
        *,
        people: int,
        if_match: str | None = None,
    ) -> dict[str, Any]:
        """Hand a draft over for approval, with how many people it is to tell."""
        given: dict[str, Any] = {"people": people}
        body = {name: one for name, one in given.items() if one is not None}
        headers = {} if if_match is None else {"If-Match": if_match}
        return self._transport.ask(
            "POST", f"/campaigns/{quoted(campaign)}/hand-over", body=body, headers=headers
        ).object()

    def give_back_campaign(
        self,
        campaign: int,
        *,
        comment: str,
        if_match: str | None = None,
    ) -> dict[str, Any]:
        """Give it back to its author with a comment."""
        given: dict[str, Any] = {"comment": comment}
        body = {name: one for name, one in given.items() if one is not None}
        headers = {} if if_match is None else {"If-Match": if_match}
        return self._transport.ask(
            "POST", f"/campaigns/{quoted(campaign)}/give-back", body=body, headers=headers
        ).object()

    def approve_campaign(
        self,
        campaign: int,
        *,
        people: int | None = None,
        bypass: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]:
        """Pin what will be sent, as a second pair of eyes; the forecast that is pinned with it.

        Whoever made it, or whose key made it, can not approve it, unless they say why
        nobody else could (`bypass`), may do that, and have it written down.
        """
        given: dict[str, Any] = {"people": people, "bypass": bypass}
        body = {name: one for name, one in given.items() if one is not None}
        headers = {} if if_match is None else {"If-Match": if_match}
        return self._transport.ask(
            "POST", f"/campaigns/{quoted(campaign)}/approve", body=body, headers=headers
        ).object()

    def list_versions(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """List who handed it over, approved it or gave it back, when, and what was said."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/versions").object()

    def show_version(
        self,
        campaign: int,
        version: int,
    ) -> dict[str, Any]:
        """Show how it read when that was done with it."""
        return self._transport.ask(
            "GET", f"/campaigns/{quoted(campaign)}/versions/{quoted(version)}"
        ).object()

    def list_differences(
        self,
        campaign: int,
        *,
        since: int | None = None,
    ) -> dict[str, Any]:
        """Show, word by word, what differs between a version and the campaign as it is now."""
        query: dict[str, Any] = {"since": since}
        return self._transport.ask(
            "GET", f"/campaigns/{quoted(campaign)}/differences", query=query
        ).object()

    def launch_campaign(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Start it, now or at its time; refused when it is no longer what was approved."""
        return self._transport.ask("POST", f"/campaigns/{quoted(campaign)}/launch").object()

    def pause_campaign(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Hold it: nothing more leaves, nothing is lost."""
        return self._transport.ask("POST", f"/campaigns/{quoted(campaign)}/pause").object()

    def resume_campaign(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Let a paused one go on."""
        return self._transport.ask("POST", f"/campaigns/{quoted(campaign)}/resume").object()

    def cancel_campaign(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Stop it for good: what has not left never will."""
        return self._transport.ask("POST", f"/campaigns/{quoted(campaign)}/cancel").object()

    def turn_to_next_channel(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Turn to the next channel now for those who confirmed nothing; 409 where there is none."""
        return self._transport.ask("POST", f"/campaigns/{quoted(campaign)}/next-channel").object()

    def hold_campaign(
        self,
        campaign: int,
        *,
        channel: str | None = None,
        zone: str | None = None,
        segment: str | None = None,
        reason: str | None = None,
        until: str | None = None,
    ) -> dict[str, Any]:
        """Hold a campaign or a part of it: nothing of that leaves, the rest goes on."""
        given: dict[str, Any] = {
            "channel": channel,
            "zone": zone,
            "segment": segment,
            "reason": reason,
            "until": until,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask(
            "POST", f"/campaigns/{quoted(campaign)}/hold", body=body
        ).object()

    def release_campaign(
        self,
        campaign: int,
        *,
        channel: str | None = None,
        zone: str | None = None,
        segment: str | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        """Let go what is held, now; also what waits for the end of quiet hours."""
        given: dict[str, Any] = {
            "channel": channel,
            "zone": zone,
            "segment": segment,
            "reason": reason,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask(
            "POST", f"/campaigns/{quoted(campaign)}/release", body=body
        ).object()

    def replay_campaign(
        self,
        campaign: int,
        *,
        reasons: Sequence[str] | None = None,
        channels: Sequence[str] | None = None,
        providers: Sequence[str] | None = None,
        locales: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Send again what was given up, while its advisory is valid; never what is in doubt."""
        given: dict[str, Any] = {
            "reasons": reasons,
            "channels": channels,
            "providers": providers,
            "locales": locales,
        }
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask(
            "POST", f"/campaigns/{quoted(campaign)}/replay", body=body
        ).object()

    def show_status(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Give its figures: targeted, reached, left out and why, by channel and language."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/status").object()

    def show_funnel(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Count by channel and status, language, and reason."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/funnel").object()

    def report_campaign(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Say who was reached, who was not, and why; the forecast beside it."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/report").object()

    def compare_campaign(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Set what was forecast at the approval beside what became of it."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/comparison").object()

    def show_thread(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """List the messages of its thread as they follow one another."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/thread").object()

    def list_districts(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Say how many were targeted and reached by district, most first; seconds for a million."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/districts").object()

    def list_deliveries(
        self,
        campaign: int,
        *,
        status: Sequence[str] | None = None,
        reason: Sequence[str] | None = None,
        channel: Sequence[str] | None = None,
        provider: Sequence[str] | None = None,
        locale: Sequence[str] | None = None,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List deliveries in order, without addresses; noted of each customer on the page."""
        query: dict[str, Any] = {
            "status": status,
            "reason": reason,
            "channel": channel,
            "provider": provider,
            "locale": locale,
            "limit": limit,
        }
        return self._transport.pages(f"/campaigns/{quoted(campaign)}/deliveries", query)

    def count_deliveries(
        self,
        campaign: int,
        *,
        status: Sequence[str] | None = None,
        reason: Sequence[str] | None = None,
        channel: Sequence[str] | None = None,
        provider: Sequence[str] | None = None,
        locale: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Count deliveries by status, reason, channel and provider."""
        query: dict[str, Any] = {
            "status": status,
            "reason": reason,
            "channel": channel,
            "provider": provider,
            "locale": locale,
        }
        return self._transport.ask(
            "GET", f"/campaigns/{quoted(campaign)}/deliveries/counts", query=query
        ).object()

    def show_delivery(
        self,
        delivery: str,
    ) -> dict[str, Any]:
        """Say on what basis a message was sent or left out, with the proof."""
        return self._transport.ask("GET", f"/deliveries/{quoted(delivery)}").object()

    def export_campaign(
        self,
        campaign: int,
        *,
        purpose: str,
    ) -> Answer:
        """Write every delivery as CSV, safe in a spreadsheet, without addresses; noted.

        `Content-Digest` has the SHA-256 of the file (RFC 9530).
        """
        query: dict[str, Any] = {"purpose": purpose}
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/export", query=query)

    def list_left_out(
        self,
        campaign: int,
        *,
        purpose: str,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List who is left out on which channel, and why; who looked is noted."""
        query: dict[str, Any] = {"purpose": purpose, "limit": limit}
        return self._transport.pages(f"/campaigns/{quoted(campaign)}/left-out", query)

    def list_unreached(
        self,
        campaign: int,
        *,
        purpose: str,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List customers who got nothing on any channel, and why; who looked is noted."""
        query: dict[str, Any] = {"purpose": purpose, "limit": limit}
        return self._transport.pages(f"/campaigns/{quoted(campaign)}/unreached", query)

    def list_doubts(
        self,
        campaign: int,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List deliveries that may or may not have left; noted of each customer on the page."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages(f"/campaigns/{quoted(campaign)}/doubts", query)

    def show_evidence(
        self,
        campaign: int,
    ) -> dict[str, Any]:
        """Give everything that is known of a campaign, without anybody of the public."""
        return self._transport.ask("GET", f"/campaigns/{quoted(campaign)}/evidence").object()

    def write_evidence(
        self,
        campaign: int,
        *,
        locale: str | None = None,
    ) -> Answer:
        """Write it as one HTML file in one language, without anybody of the public."""
        query: dict[str, Any] = {"locale": locale}
        return self._transport.ask(
            "GET", f"/campaigns/{quoted(campaign)}/evidence/document", query=query
        )

    def archive_evidence(
        self,
        campaign: int,
        *,
        purpose: str,
        locale: str | None = None,
    ) -> Answer:
        """Write a ZIP archive whose manifest has the hash of each file; who has it is noted.

        Customers are in it, by number, where the key may see people. `Content-Digest` is
        its SHA-256.
        """
        query: dict[str, Any] = {"purpose": purpose, "locale": locale}
        return self._transport.ask(
            "GET", f"/campaigns/{quoted(campaign)}/evidence/archive", query=query
        )

    def list_limits(
        self,
    ) -> dict[str, Any]:
        """Show each limit: what is set, allowed and used now, and who waits for it."""
        return self._transport.ask("GET", "/limits").object()

    def set_limit(
        self,
        name: str,
        *,
        rate: float,
    ) -> dict[str, Any]:
        """Change a limit for all workers while they run; it holds until it is reset."""
        given: dict[str, Any] = {"rate": rate}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("PUT", f"/limits/{quoted(name)}", body=body).object()

    def reset_limit(
        self,
        name: str,
    ) -> dict[str, Any]:
        """Take a change back: what the settings say holds again."""
        return self._transport.ask("DELETE", f"/limits/{quoted(name)}").object()

    def list_tariffs(
        self,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List the tariffs that are known, those that no longer hold too."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages("/tariffs", query)

    def put_tariffs(
        self,
        *,
        tariffs: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        """Write tariffs down; all or none."""
        given: dict[str, Any] = {"tariffs": tariffs}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/tariffs", body=body).object()

    def show_fairness(
        self,
    ) -> dict[str, Any]:
        """Show the rules in force, and who set them."""
        return self._transport.ask("GET", "/fairness").object()

    def set_fairness(
        self,
        *,
        holidays: Sequence[str] | None = None,
        quiet: Sequence[Mapping[str, Any]] | None = None,
        cap: Sequence[Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Bring rules into force, instead of all that were before."""
        given: dict[str, Any] = {"holidays": holidays, "quiet": quiet, "cap": cap}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("PUT", "/fairness", body=body).object()

    def list_quiet(
        self,
        *,
        zone: str | None = None,
        at: str | None = None,
    ) -> dict[str, Any]:
        """Say for each class and channel whether it is quiet, and until or from when."""
        query: dict[str, Any] = {"zone": zone, "at": at}
        return self._transport.ask("GET", "/fairness/quiet", query=query).object()

    def list_providers(
        self,
    ) -> dict[str, Any]:
        """Say of each what goes to it, whether it can be used, and how it does."""
        return self._transport.ask("GET", "/providers").object()

    def examine_installation(
        self,
    ) -> dict[str, Any]:
        """Check every setting, server and provider; `/kinds/{kind}/check` checks texts."""
        return self._transport.ask("GET", "/examination").object()

    def list_webhooks(
        self,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List endpoints."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages("/webhooks", query)

    def create_webhook(
        self,
        *,
        url: str,
        events: Sequence[str],
    ) -> dict[str, Any]:
        """Make an endpoint; its secret is told here and never again."""
        given: dict[str, Any] = {"url": url, "events": events}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("POST", "/webhooks", body=body).object()

    def show_webhook(
        self,
        webhook: int,
    ) -> dict[str, Any]:
        """Show one."""
        return self._transport.ask("GET", f"/webhooks/{quoted(webhook)}").object()

    def change_webhook(
        self,
        webhook: int,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        active: bool | None = None,
    ) -> dict[str, Any]:
        """Change address or events, turn it off, or on again after it failed."""
        given: dict[str, Any] = {"url": url, "events": events, "active": active}
        body = {name: one for name, one in given.items() if one is not None}
        return self._transport.ask("PATCH", f"/webhooks/{quoted(webhook)}", body=body).object()

    def delete_webhook(
        self,
        webhook: int,
    ) -> dict[str, Any]:
        """Take an endpoint away, with its log."""
        return self._transport.ask("DELETE", f"/webhooks/{quoted(webhook)}").object()

    def renew_webhook(
        self,
        webhook: int,
    ) -> dict[str, Any]:
        """Give an endpoint another secret, told here and never again."""
        return self._transport.ask("POST", f"/webhooks/{quoted(webhook)}/secret").object()

    def try_webhook(
        self,
        webhook: int,
    ) -> dict[str, Any]:
        """Have an event sent to an endpoint that says nothing; the log tells what came of it."""
        return self._transport.ask("POST", f"/webhooks/{quoted(webhook)}/test").object()

    def list_attempts(
        self,
        webhook: int,
        *,
        limit: int = 50,
    ) -> Iterator[dict[str, Any]]:
        """List attempts at an endpoint, the latest first; the latest 500 of a week are kept."""
        query: dict[str, Any] = {"limit": limit}
        return self._transport.pages(f"/webhooks/{quoted(webhook)}/attempts", query)
