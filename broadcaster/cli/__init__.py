"""The command line: one module for each command group, loaded only when it is called for."""

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from broadcaster.errors import BroadcasterError, SeveralFaultsError

#: Every command and what it does. The module of the same name, with _ for -, holds a Typer `app`.
COMMANDS = {
    "demo": "Send the founding notice to fictional customers over simulated networks.",
    "up": "Run all services on this machine, in the foreground.",
    "doctor": "Check every setting, server, provider and catalogue, with the remedy.",
    "campaigns": "Create, forecast, approve, launch, watch and report campaigns.",
    "evidence": "Check evidence of campaigns that was handed over.",
    "deliveries": "List deliveries with reasons, and send again those given up.",
    "customers": "Make, preview, import and count customers.",
    "mappings": "Say once which column of a file is what, and what its words mean.",
    "consent": "Show and record who agreed to what, or refused it, with the proof.",
    "suppressions": "Import, list, show, lift and export addresses that must not be used.",
    "areas": "Import, draw, count and show areas.",
    "attributes": "List, add, change and remove what is known of customers.",
    "segments": "Save, list, check, explain, count and sample segments.",
    "api-keys": "Make, list and revoke keys of the API.",
    "webhooks": "Make, list, change and try endpoints that are told what happens.",
    "operators": "Add, invite, list and disable those who may enter the console.",
    "keys": "Make keys of personal data, and seal anew with the newest.",
    "retention": "Show what has been kept for long enough, and let go of it.",
    "fairness": "Show and set quiet hours and how often customers are told.",
    "limits": "Show, set and reset how fast networks may be used.",
    "tariffs": "Import, list and set what networks ask for messages.",
    "alerts": "Show what the team is alerted to, and try its destinations.",
    "publish": "Write what everybody may read into a folder, and check it.",
    "cap": "Check public alerts of CAP 1.2.",
    "kinds": "List, check, preview, add and remove kinds of advisory.",
    "i18n": "Keep texts in step with templates, translated, checked and answered for.",
    "sms": "Count the segments of a text.",
    "phones": "Check phone numbers.",
    "mail": "Make keys for DKIM signatures, and show their DNS records.",
    "db": "Bring the database to the present schema, back it up, and restore it.",
    "worker": "Run a worker that plans, sends and records.",
    "beat": "Run the clock that finds what is due.",
    "web": "Serve callbacks, public pages and progress.",
    "sandbox": "Run the simulated networks.",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; faults are one clear line on standard error and exit code 2."""
    if sys.stdin is None:
        # Closed by whoever started us, as some schedulers do: there is nothing to read.
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115  (for good)
    given = list(sys.argv[1:] if arguments is None else arguments)
    name = given[0] if given else "--help"
    if name in {"--help", "-h"}:
        _overview()
    elif name == "--version":
        from broadcaster import __version__  # noqa: PLC0415  (nothing is loaded before it is needed)

        sys.stdout.write(f"broadcaster {__version__}\n")
    elif name not in COMMANDS:
        _fail(f"{name!r} is no command. Type 'broadcaster --help' for the list.")
    else:
        _run(name, given[1:])


def _run(name: str, arguments: list[str]) -> None:
    module = import_module(f"broadcaster.cli.{name.replace('-', '_')}")
    from typer import Abort  # noqa: PLC0415  (nothing is loaded before it is needed)
    from typer.exceptions import TyperException  # noqa: PLC0415  (as above)

    # A group that is called with nothing shows what it has.
    words = arguments or (["--help"] if module.app.registered_callback else [])
    try:
        code = module.app(words, prog_name=f"broadcaster {name}", standalone_mode=False)
    except SeveralFaultsError as error:
        lines = "".join(f"  {fault}\n" for fault in error.faults)
        _fail(f"{error.field}: {error.problem}. {error.remedy}", lines)
    except BroadcasterError as error:
        _fail(str(error), _picture(error))
    except TyperException as error:
        what = error.format_message().rstrip(".")
        where = getattr(getattr(error, "ctx", None), "command_path", f"broadcaster {name}")
        ended = what if what.endswith("?") else f"{what}."
        _fail(f"{ended} Type '{where} --help' for what it takes.")
    except (Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output went away (`| head`); that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES}:
            raise
        place = f" ({error.filename})" if error.filename else ""
        _fail(f"{error.strerror}{place}. Make room or name another place, and start again.")
    else:
        sys.exit(code or 0)


def _overview() -> None:
    lines = ["Usage: broadcaster COMMAND [OPTIONS]", ""]
    lines += [f"  {name:<12} {what}" for name, what in COMMANDS.items()]
    lines += ["", "'broadcaster COMMAND --help' tells more."]
    sys.stdout.write("\n".join(lines) + "\n")


def _picture(error: BroadcasterError) -> str:
    """Show where an expression is wrong, to somebody at a terminal."""
    picture = getattr(error, "picture", None)
    return f"{picture()}\n" if picture and sys.stderr.isatty() else ""


def _fail(message: str, picture: str = "") -> None:
    sys.stderr.write(f"broadcaster: {' '.join(message.split())}\n{picture}")
    sys.exit(2)
