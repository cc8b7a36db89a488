"""``opentelemetry-instrument helpdesk-bridge …`` watches the command."""

from importlib.metadata import EntryPoint

from docs_pages import ROOT
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from helpdesk_bridge.cli.app import run


def test_what_the_entry_point_names_watches_the_command_until_it_is_turned_off(tmp_path, monkeypatch, capsys):
    import tomllib

    points = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    named = points["opentelemetry_instrumentor"]["helpdesk_bridge"]
    instrumentor = EntryPoint("helpdesk_bridge", named, "opentelemetry_instrumentor").load()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helpdesk.toml").write_text('[desks.support]\nvendor = "local"\npath = "desk.db"\n', "utf-8")
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for _ in range(2):
        instrumentor().instrument(tracer_provider=provider, skip_dep_check=True)
    assert run(["tickets", "list", "support", "--json"]) == 0
    assert [span.name for span in exporter.get_finished_spans()] == ["tickets.list"]
    instrumentor().uninstrument()
    assert run(["tickets", "list", "support", "--json"]) == 0
    assert len(exporter.get_finished_spans()) == 1
    assert not instrumentor().instrumentation_dependencies()
    capsys.readouterr()
