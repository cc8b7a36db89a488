"""Files that were there before: one's own is closed to others and said, a link or another user's is refused."""

import os
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from config.test_consent import ANOTHER_USER
from migration.faulty_desk import destination, small, source

from helpdesk_bridge import open_desk
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.journal.database.owned import Binding
from helpdesk_bridge.migration.journal.file import JournalFile
from helpdesk_bridge.migration.journal.reader import whose
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.marker import MarkerKey
from helpdesk_bridge.migration.outcome import WrongJournal
from helpdesk_bridge.migration.report.facts import read_facts
from helpdesk_bridge.model.drafts import TicketDraft
from helpdesk_bridge.private_files import make_private_folder, tighten, write_private
from helpdesk_bridge.ratelimit.budget_file import BudgetFile
from helpdesk_bridge.ratelimit.file_store import OWNER_AND_GROUP, OWNER_ONLY
from helpdesk_bridge.ratelimit.store import StoreLost

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
WIDE = [0o644, 0o666, 0o640, 0o777, 0o604]


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def journal(path):
    JournalFile(path, BINDING, clock=SystemClock()).close()


def desk(path):
    with open_desk({"vendor": "local", "path": str(path)}) as opened:
        opened.tickets.create(TicketDraft(subject="x", description="y", requester="ann@client.example"))


def budget(path, mode=OWNER_ONLY):
    with closing(BudgetFile(path, mode)) as file:
        file.open()


BINDING = Binding("old", "new", {"source": "old", "destination": "new"}, MarkerKey(bytes(32)))
KINDS = {"the journal": journal, "the local desk": desk, "the budget": budget}
REFUSALS = (ConfigError, WrongJournal, StoreLost)


@pytest.fixture(params=KINDS, ids=lambda name: name.removeprefix("the "))
def kind(request):
    return request.param, KINDS[request.param]


@pytest.mark.parametrize("mode", WIDE)
def test_ones_own_file_that_is_open_to_others_is_closed_and_said(tmp_path, kind, mode, caplog):
    name, use = kind
    path = tmp_path / "file"
    use(path)
    assert mode_of(path) == 0o600
    path.chmod(mode)
    use(path)
    assert mode_of(path) == 0o600
    assert f"{name} {path} could be read by others (mode {mode:04o}); its mode is now 0600" in caplog.text
    caplog.clear()
    use(path)
    assert "could be read by others" not in caplog.text, "said once"


def test_a_link_is_refused_and_what_it_points_to_stays(tmp_path, kind):
    _, use = kind
    real, link = tmp_path / "real", tmp_path / "link"
    use(real)
    real.chmod(0o644)
    link.symlink_to(real)
    with pytest.raises(REFUSALS):
        use(link)
    assert mode_of(real) == 0o644
    assert link.is_symlink()
    link.unlink()
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(REFUSALS):
        use(link)
    assert not (tmp_path / "nowhere").exists()


@root_only
@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_a_file_of_another_user_is_refused_and_left(tmp_path, kind, mode):
    _, use = kind
    path = tmp_path / "file"
    use(path)
    content = path.read_bytes()
    path.chmod(mode)
    os.chown(path, ANOTHER_USER, ANOTHER_USER)
    with pytest.raises(REFUSALS, match="another user"):
        use(path)
    assert (path.read_bytes(), mode_of(path)) == (content, mode)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("use", [journal, desk])
def test_a_companion_that_is_a_link_is_refused(tmp_path, use, suffix):
    path = tmp_path / "file"
    use(path)
    (tmp_path / "precious").write_bytes(b"precious")
    path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.with_name(path.name + suffix).symlink_to(tmp_path / "precious")
    with pytest.raises((ConfigError, WrongJournal), match=f"{suffix} is a link"):
        use(path)
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_lock_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "file.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(WrongJournal, match=r"lock is a link"):
        journal(tmp_path / "file")
    assert (tmp_path / "precious").read_bytes() == b"precious"


@pytest.mark.parametrize("reading", [whose, read_facts])
def test_a_journal_that_is_a_link_is_not_read_either(tmp_path, reading):
    journal(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(WrongJournal, match="is a link"):
        reading(tmp_path / "link")


@pytest.mark.parametrize("use", [desk, budget])
def test_a_file_that_is_something_else_keeps_its_mode(tmp_path, use):
    path = tmp_path / "notes.txt"
    path.write_text("notes of somebody, " * 100)
    path.chmod(0o644)
    with pytest.raises(REFUSALS):
        use(path)
    assert mode_of(path) == 0o644


@root_only
def test_a_budget_of_a_group_is_shared_with_it_and_with_nobody_else(tmp_path, caplog):
    path = tmp_path / "budget"
    budget(path, OWNER_AND_GROUP)
    path.chmod(0o666)
    budget(path, OWNER_AND_GROUP)
    assert mode_of(path) == 0o660
    assert "its mode is now 0660" in caplog.text
    os.chown(path, ANOTHER_USER, ANOTHER_USER)
    budget(path, OWNER_AND_GROUP)
    path.chmod(0o666)
    with pytest.raises(StoreLost, match="another user"):
        budget(path, OWNER_AND_GROUP)


# --- the spool ---------------------------------------------------------------------------------------------------


def test_a_folder_in_the_place_of_the_spool_that_is_not_ours_stays(tmp_path):
    home = tmp_path / "journal.spool"
    (home / "run-of-the-mill").mkdir(parents=True)
    (home / "run-of-the-mill" / "thesis.txt").write_text("years of work")
    (home / "photo.jpg").write_bytes(b"x")
    (home / "run-link").symlink_to(home / "run-of-the-mill")
    for _ in range(2):
        Spool(tmp_path / "journal").close()
    assert sorted(one.name for one in home.iterdir()) == ["photo.jpg", "run-link", "run-of-the-mill"]
    assert (home / "run-of-the-mill" / "thesis.txt").read_text() == "years of work"


def test_a_whole_migration_beside_such_a_folder_leaves_it(tmp_path):
    (tmp_path / "journal.spool").mkdir()
    (tmp_path / "journal.spool" / "thesis.txt").write_text("years of work")
    with Migration(source(small()), destination(), tmp_path / "journal", options=Options(yes=True)) as migration:
        migration.migrate()
    assert [one.name for one in (tmp_path / "journal.spool").iterdir()] == ["thesis.txt"]


def test_what_an_earlier_run_left_is_removed_even_if_it_was_killed_at_its_start(tmp_path):
    left = Spool(tmp_path / "journal")
    left._db.close()
    (tmp_path / "journal.spool" / "run-empty").mkdir()
    again = Spool(tmp_path / "journal")
    assert [one.name for one in (tmp_path / "journal.spool").iterdir()] == [again.folder.name]
    again.close()
    assert not (tmp_path / "journal.spool").exists()


def test_a_file_in_the_place_of_the_spool_is_refused_and_stays(tmp_path):
    (tmp_path / "journal.spool").write_text("years of work")
    with pytest.raises(WrongJournal, match="is not a folder"):
        Spool(tmp_path / "journal")
    assert (tmp_path / "journal.spool").read_text() == "years of work"


@root_only
def test_a_spool_of_another_user_is_refused(tmp_path):
    home = tmp_path / "journal.spool"
    home.mkdir(0o777)
    os.chown(home, ANOTHER_USER, ANOTHER_USER)
    with pytest.raises(WrongJournal, match="another user"):
        Spool(tmp_path / "journal")


# --- whatever the umask ------------------------------------------------------------------------------------------

_SESSION = """
import os, sys
os.umask(int(sys.argv[1], 8))
from helpdesk_bridge import open_desk
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.ratelimit import place
from helpdesk_bridge.ratelimit.governor import Governor
from helpdesk_bridge.ratelimit.policy import RateLimitPolicy, Window
from helpdesk_bridge.model.drafts import TicketDraft
from pathlib import Path

Path("desks").mkdir(0o700)
for name in ("old", "new"):
    with open_desk({"vendor": "local", "path": f"desks/{name}.db"}) as desk:
        if name == "old":
            desk.tickets.create(TicketDraft(subject="x", description="y", requester="ann@client.example"))
handle = os.open("helpdesk.toml", os.O_CREAT | os.O_WRONLY, 0o600)
os.write(handle, b"[desks.old]\\nvendor='local'\\npath='desks/old.db'\\n[desks.new]\\nvendor='local'\\npath='desks/new.db'\\n")
os.close(handle)
assert run(["trust"]) == 0
flags = ["--from", "old", "--to", "new", "--journal", "deep/er/move.journal"]
assert run(["migrate", "run", *flags, "--yes"]) == 0
assert run(["migrate", "report", "--journal", "deep/er/move.journal", "--report", "shown/here"]) == 0
spool = Spool(Path("deep/er/left"))
spool.file()[1].close()
clock = SystemClock()
policy = RateLimitPolicy(windows=(Window(10, 60),))
store = place.choose("auto", "a-key", None, clock, loopback=False)
store.cell("a-key", policy, clock).update(lambda state, now: None)
os._exit(0)
"""


@pytest.mark.parametrize("umask", ["000", "022", "077"])
def test_whatever_the_umask_files_are_0600_and_folders_0700(tmp_path, umask):
    work, home = tmp_path / "work", tmp_path / "home"
    for one in (work, home):
        one.mkdir(0o700)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HELPDESK_BRIDGE", "XDG_"))}
    done = subprocess.run(
        [sys.executable, "-c", _SESSION, umask], cwd=work, capture_output=True, text=True, check=False,
        env={**kept, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*")}
    modes = {str(name): oct(mode_of(path)) for name, path in found.items()}
    wrong = {name: mode for name, mode in modes.items() if mode != ("0o700" if found[Path(name)].is_dir() else "0o600")}
    assert wrong == {}
    names = " ".join(modes)
    for part in (
        "old.db",
        "move.journal.lock",
        "report.html",
        "left.spool/run-",
        "records.db",
        "file-",
        ".budget",
        "trusted/",
    ):
        assert part in names, part


def test_a_folder_that_was_there_keeps_its_mode(tmp_path):
    (tmp_path / "there").mkdir(0o755)
    make_private_folder(tmp_path / "there" / "a" / "b")
    assert [mode_of(tmp_path / one) for one in ("there", "there/a", "there/a/b")] == [0o755, 0o700, 0o700]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_private(tmp_path / "folder", b"x")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_tightening_follows_no_link(tmp_path):
    (tmp_path / "real").touch()
    (tmp_path / "real").chmod(0o644)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    tighten(tmp_path / "link", 0o600, "the file")
    tighten(tmp_path / "nowhere", 0o600, "the file")
    assert mode_of(tmp_path / "real") == 0o644


def test_tightening_lets_no_lock_of_this_process_go(tmp_path):
    """POSIX forgets a process's locks on a file when it closes any descriptor of it."""
    import fcntl

    path = tmp_path / "file"
    path.touch()
    path.chmod(0o644)
    ask = "import fcntl,sys\ntry: fcntl.lockf(open(sys.argv[1],'r+'),fcntl.LOCK_EX|fcntl.LOCK_NB)\nexcept OSError: sys.exit(7)"
    with path.open("r+") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        tighten(path, 0o600, "the file")
        assert subprocess.run([sys.executable, "-c", ask, str(path)], check=False).returncode == 7
