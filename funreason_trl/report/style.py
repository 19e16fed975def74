"""How the page looks: one style sheet, light and dark, from a phone to paper."""

LIGHT = """
--page: #f6f7f8; --surface: #ffffff; --ink: #1b1f24; --muted: #59616b; --line: #dde1e6; --accent: #0b62a8;
--soft: #eef3f8; --good: #00714f; --bad: #b3400a;
--s0: #0072b2; --s1: #c8500a; --s2: #00805c; --s3: #9a4f8c; --s4: #8a6d00; --s5: #4a5560;
--kept: #a9cbe6; --dropped: #d1622a; --hard: #e0a021; --failed: #8b939c;
"""
DARK = """
--page: #121518; --surface: #1a1e23; --ink: #e7eaee; --muted: #a3abb5; --line: #343b44; --accent: #6cb8f5;
--soft: #202832; --good: #4fd0a5; --bad: #ff9d66;
--s0: #5ab0f0; --s1: #ff9455; --s2: #3cc79b; --s3: #dd9ad0; --s4: #e0bf48; --s5: #b4bec9;
--kept: #2f5f88; --dropped: #e07a45; --hard: #d9a53a; --failed: #7d8691;
"""

STYLE = f"""
:root {{ color-scheme: light dark; {LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}
@media print {{ :root {{ color-scheme: light; {LIGHT} }} }}
* {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; }}
body {{ margin: 0; overflow-wrap: anywhere; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }}
main, header.top {{ max-width: 1120px; margin: 0 auto; padding: 0 20px; }}
header.top {{ padding-top: 28px; }}
h1 {{ font-size: 1.7rem; line-height: 1.2; margin: 0 0 4px; }}
h2 {{ font-size: 1.25rem; margin: 0 0 4px; }}
h3 {{ font-size: 1rem; margin: 0 0 6px; }}
details + h3, .cards + h3, .scroll + h3 {{ margin-top: 20px; }}
p {{ margin: 0 0 10px; max-width: 75ch; }}
.muted {{ color: var(--muted); font-size: .9rem; }}
nav {{ display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 12px 0 4px; font-size: .95rem; }}
a {{ color: var(--accent); }}
section {{ margin: 30px 0; scroll-margin-top: 12px; }}
.cards {{ display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); margin: 12px 0; align-items: start; }}
.cards.narrow {{ grid-template-columns: repeat(auto-fill, minmax(min(100%, 310px), 1fr)); }}
.cards.narrow svg {{ max-width: 380px; }}
.cards.flowing {{ display: block; columns: 2 430px; column-gap: 14px; }}
.cards.flowing .card {{ break-inside: avoid; margin-bottom: 14px; }}
.card {{ background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; min-width: 0; }}
.card > svg, .cards svg {{ display: block; width: 100%; max-width: 480px; height: auto; margin: 0 auto; }}
svg text {{ font-family: inherit; }}
.figures {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 12px 16px; margin: 10px 0 0; }}
.figures div {{ min-width: 0; display: flex; flex-direction: column-reverse; justify-content: flex-end; }}
.figures dt {{ color: var(--muted); font-size: .82rem; line-height: 1.3; }}
.figures dd {{ margin: 0; font-size: 1.3rem; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums; }}
.tag {{ display: inline-block; border-radius: 99px; padding: 0 9px; font-size: .8rem; background: var(--soft); color: var(--ink); }}
.key {{ display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 0; margin: 6px 0; list-style: none; font-size: .9rem; }}
.key li {{ display: flex; align-items: center; gap: 7px; min-width: 0; }}
.key svg {{ flex: none; width: 30px; height: 12px; margin: 0; }}
.scroll {{ overflow-x: auto; max-width: 100%; border: 1px solid var(--line); border-radius: 10px; background: var(--surface); margin: 12px 0; }}
table {{ overflow-wrap: normal; border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }}
th, td {{ padding: 6px 12px; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }}
tr:first-child > * {{ border-top: 0; }}
thead th {{ color: var(--muted); font-weight: 600; border-bottom: 1px solid var(--line); }}
tbody th {{ font-weight: 500; min-width: 7.5em; }}
td.number, th.number {{ text-align: right; }}
td.number {{ white-space: nowrap; }}
thead th.number {{ min-width: 6.5em; overflow-wrap: break-word; }}
.card .scroll {{ border: 0; border-radius: 0; margin: 4px 0 0; background: none; }}
.card th, .card td {{ padding: 4px 8px 4px 0; }}
td small, th small {{ color: var(--muted); font-weight: 400; }}
td.value {{ overflow-wrap: anywhere; min-width: 10em; }}
.missing {{ border-left: 3px solid var(--line); padding: 2px 0 2px 12px; color: var(--muted); max-width: 75ch; }}
.warning {{ border-left: 3px solid var(--bad); padding: 2px 0 2px 12px; max-width: 75ch; }}
code {{ font: .88em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }}
details {{ margin: 8px 0; }}
summary {{ cursor: pointer; color: var(--accent); }}
.answers {{ display: grid; gap: 14px; margin: 10px 0 18px; }}
.answer h4 {{ margin: 0 0 8px; font-size: .95rem; font-weight: 600; white-space: pre-wrap; }}
.answer header {{ display: flex; flex-wrap: wrap; gap: 4px 12px; margin-bottom: 4px; }}
.two {{ display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); }}
.two > div {{ min-width: 0; border-top: 3px solid var(--line); padding-top: 6px; }}
.two > .right {{ border-color: var(--good); }}
.two > .wrong {{ border-color: var(--bad); }}
.right > b {{ color: var(--good); }}
.wrong > b {{ color: var(--bad); }}
pre {{ margin: 4px 0; padding: 8px 10px; background: var(--soft); border-radius: 6px; white-space: pre-wrap;
  unicode-bidi: isolate; font: .84rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }}
pre {{ max-height: 19em; overflow-y: auto; }}
pre.thought {{ font: .88rem/1.5 system-ui, sans-serif; }}
footer {{ margin: 40px 0 30px; color: var(--muted); font-size: .85rem; }}
@media (max-width: 480px) {{
  main, header.top {{ padding-left: 14px; padding-right: 14px; }}
  .card {{ padding: 12px; }}
}}
@media print {{
  pre {{ max-height: none; overflow: visible; }}
  body {{ font-size: 11pt; background: #fff; }}
  nav {{ display: none; }}
  details::details-content {{ content-visibility: visible; display: block; }}
  .card, .answer, tr, svg {{ break-inside: avoid; }}
  h2, h3 {{ break-after: avoid; }}
  .scroll {{ overflow: visible; }}
  .cards {{ grid-template-columns: 1fr 1fr; }}
  .cards.flowing {{ columns: 2 auto; }}
  .cards.narrow {{ grid-template-columns: 1fr 1fr 1fr; }}
  td.number, th.number {{ white-space: normal; }}
  th, td {{ padding: 4px 8px; }}
}}
"""
