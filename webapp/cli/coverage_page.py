"""The report of `obieg test --html`: one file with the diagrams, what was used of them and what was not."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from engine.coverage import ProcessCoverage
from engine.drawing import draw
from engine.scenarios import ScenarioResult

STYLE = """
:root { color-scheme: light; --ink: #1c2530; --soft: #57636f; --line: #d5dbe1; --good: #14703c; --good-fill: #e3f4e9;
  --bad: #b3261e; --bad-fill: #fdecea; --paper: #ffffff; --ground: #f4f6f8; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1400px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 15px; margin: 20px 0 6px; }
p { margin: 0 0 12px; } .soft { color: var(--soft); }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 20px;
  margin-top: 20px; }
header.row { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; justify-content: space-between; }
.meter { height: 8px; border-radius: 4px; background: var(--bad-fill); margin: 10px 0 14px; overflow: hidden; }
.meter i { display: block; height: 100%; background: var(--good); }
.board { overflow: auto; border: 1px solid var(--line); border-radius: 8px; background: #fff; }
.board:focus-visible, a:focus-visible { outline: 3px solid #2563b0; outline-offset: 2px; }
.board svg { display: block; height: auto; width: 100%; max-width: var(--natural);
  min-width: min(var(--natural), 1000px); }
.key { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 10px 0 0; padding: 0; list-style: none; }
.key i { display: inline-block; width: 22px; height: 12px; border-radius: 3px; border: 2px solid; vertical-align: -1px;
  margin-right: 6px; }
.key .v i { border-color: var(--good); background: var(--good-fill); }
.key .m i { border-color: var(--bad); background: var(--bad-fill); border-style: dashed; }
.lists { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 0 28px; }
ul.plain { list-style: none; margin: 0; padding: 0; } ul.plain li { padding: 5px 0; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; } code { font: 13px ui-monospace, monospace; color: var(--soft); }
.ok { color: var(--good); font-weight: 600; } .failed { color: var(--bad); font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: 6px 10px 6px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; border-top: 0; } td.n, th.n { text-align: right; white-space: nowrap; }
svg .body { fill: #fff; stroke: #4a5663; stroke-width: 1.5; } svg .thick { stroke-width: 3.5; }
svg .ring { fill: none; stroke: #4a5663; stroke-width: 1.2; } svg .dashed { stroke-dasharray: 5 4; }
svg .line { fill: none; stroke: #4a5663; stroke-width: 1.5; } svg .head { fill: #4a5663; }
svg .glyph { stroke: #4a5663; stroke-width: 1.1; stroke-linejoin: round; } svg .glyph.open { fill: none; }
svg .glyph.filled { fill: #4a5663; fill-rule: evenodd; }
svg .area .body { fill: #fafbfc; stroke: #b8c1ca; } svg .note path, svg .association .line { fill: none;
  stroke: #8a96a3; stroke-dasharray: 2 3; }
svg .text { font: 11.5px system-ui, sans-serif; fill: #1c2530; text-anchor: middle; } svg .note .text { fill: #57636f; }
svg .visited > .body { fill: var(--good-fill); stroke: var(--good); } svg .visited > .ring { stroke: var(--good); }
svg .visited > .line { stroke: var(--good); stroke-width: 2.2; }
svg .missed > .body { fill: var(--bad-fill); stroke: var(--bad); stroke-dasharray: 6 4; }
svg .missed > .ring { stroke: var(--bad); } svg .missed > .line { stroke: var(--bad); stroke-dasharray: 6 4; }
svg .subProcess.visited > .body, svg .transaction.visited > .body,
svg .adHocSubProcess.visited > .body { fill: #f4fbf6; }
svg .subProcess.missed > .body, svg .transaction.missed > .body, svg .adHocSubProcess.missed > .body { fill: #fff8f7; }
@media print { body { background: #fff; } section { break-inside: avoid; } .board { max-height: none; } }
"""


def page(covered: Sequence[ProcessCoverage]) -> str:
    """The whole page; it needs nothing but itself."""
    failed = sum(not result.ok for entry in covered for result in entry.results)
    passed = sum(result.ok for entry in covered for result in entry.results)
    verdict = f'<span class="failed">{failed} failed</span>' if failed else '<span class="ok">none failed</span>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Scenario coverage</title>'
        f"<style>{STYLE}</style></head><body><main><h1>Scenario coverage</h1>"
        f'<p class="soft">{_many(passed + failed, "scenario")} in {_many(len(covered), "process", "processes")}: '
        f"{passed} passed, {verdict}</p>"
        + (_overview(covered) if len(covered) > 1 else "")
        + "".join(_section(number, entry) for number, entry in enumerate(covered, start=1))
        + "</main></body></html>\n"
    )


def _overview(covered: Sequence[ProcessCoverage]) -> str:
    rows = "".join(
        f'<tr><td><a href="#p{number}">{escape(entry.process.name)}</a></td>'
        f'<td class="n">{len(entry.nodes)} of {len(entry.all_nodes)}</td>'
        f'<td class="n">{len(entry.flows)} of {len(entry.all_flows)}</td><td class="n">{entry.percent} %</td></tr>'
        for number, entry in enumerate(covered, start=1)
    )
    head = '<tr><th>Process</th><th class="n">Elements</th><th class="n">Flows</th><th class="n">Used</th></tr>'
    return f"<section><table>{head}{rows}</table></section>"


def _section(number: int, entry: ProcessCoverage) -> str:
    name = entry.process.name
    svg = draw(entry.diagram.read_bytes(), entry.process.id, entry.marks(), title=f"Diagram of {name}")
    return (
        f'<section id="p{number}"><header class="row"><h2>{escape(name)}</h2><code>{escape(entry.diagram.name)}</code>'
        f'</header><div class="meter" role="img" aria-label="{entry.percent} per cent used">'
        f'<i style="width:{entry.percent}%"></i></div>'
        f"<p><strong>{entry.percent} %</strong> used: {len(entry.nodes)} of {_many(len(entry.all_nodes), 'element')}, "
        f"{len(entry.flows)} of {_many(len(entry.all_flows), 'flow')}</p>"
        f'<div class="board" tabindex="0" role="region" aria-label="Diagram of {escape(name)}">{svg}</div>'
        '<ul class="key"><li class="v"><i></i>a scenario came here</li>'
        '<li class="m"><i></i>no scenario came here</li></ul>'
        f'<div class="lists">{_missed(entry)}</div><h3>Scenarios</h3>{_scenarios(entry.results)}</section>'
    )


def _missed(entry: ProcessCoverage) -> str:
    nodes = [
        f"<li>{escape(node.name)} <code>{escape(node.id)}</code>{_line(node.line)}</li>" for node in entry.missed_nodes
    ]
    flows = [
        f"<li>{escape(source.name)} → {escape(target.name)} <code>{escape(flow)}</code></li>"
        for flow, source, target in entry.missed_flows
    ]
    if not nodes and not flows:
        return '<p class="ok">Every element and every flow was used.</p>'
    return "".join(
        f'<div><h3>{title}</h3><ul class="plain">{"".join(items)}</ul></div>'
        for title, items in (("Elements that no scenario came to", nodes), ("Flows that no scenario took", flows))
        if items
    )


def _line(number: int | None) -> str:
    return "" if number is None else f' <span class="soft">line {number}</span>'


def _scenarios(results: Sequence[ScenarioResult]) -> str:
    rows = "".join(
        f'<li><span class="{"ok" if result.ok else "failed"}">{"passed" if result.ok else "FAILED"}</span> '
        f"{escape(result.name)} <code>{escape(result.file)}</code>"
        + "".join(f'<br><span class="soft">{escape(failure)}</span>' for failure in result.failures)
        + "</li>"
        for result in results
    )
    return f'<ul class="plain">{rows}</ul>'


def _many(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"
