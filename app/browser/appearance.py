"""How the page looks: its style sheet, and the button for light and dark."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import reacton.ipyvuetify as v
import solara

from app.browser.charts import DARK, LIGHT, Theme

STYLE: Final = """
.nomoat-page { display: grid; grid-template-columns: 288px minmax(0, 1fr); }
.nomoat-side {
  border-right: 1px solid rgba(128,128,128,.28); position: sticky; top: 0; height: 100vh;
  overflow-y: auto; padding: 8px 14px 24px;
}
.nomoat-main { padding: 10px 16px 16px; min-width: 0; }
@media (max-width: 1000px) {
  .nomoat-page { grid-template-columns: minmax(0, 1fr); }
  .nomoat-side { order: 2; border-right: 0; position: static; height: auto; }
}
.nomoat-brand { display: flex; justify-content: space-between; align-items: center; }
.nomoat-brand h1 { font-size: 19px; font-weight: 700; letter-spacing: -.2px; margin: 0; }
.nomoat-side h2 { font-size: 14px; font-weight: 700; margin: 18px 0 4px; }
.v-application .nomoat-note { font-size: 12.5px; line-height: 1.4; margin: 0; opacity: .85; }
.nomoat-side .v-input { font-size: 14px; }
.nomoat-side .v-text-field { padding-top: 16px; margin-top: 0; }
.nomoat-side details { margin-top: 8px; font-size: 13px; }
.nomoat-side summary { cursor: pointer; font-weight: 600; overflow-wrap: anywhere; }
.nomoat-grid {
  display: grid; gap: 10px; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr));
}
.nomoat-cards {
  display: grid; gap: 10px; grid-template-columns: repeat(auto-fill, minmax(min(280px, 100%), 1fr));
}
.nomoat-cell {
  border: 1px solid rgba(128,128,128,.28); border-radius: 8px; padding: 4px; min-width: 0;
}
.nomoat-card { padding: 10px 12px; border-top-width: 4px; }
.nomoat-card h3 { font-size: 15px; margin: 0 0 2px; display: flex; justify-content: space-between; }
.nomoat-card h3 small { font-weight: 500; }
.nomoat-mono, .nomoat-table td { font-variant-numeric: tabular-nums; }
.nomoat-table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
.nomoat-table td, .nomoat-table th { padding: 5px 10px; text-align: left; }
.nomoat-table tr { border-bottom: 1px solid rgba(128,128,128,.28); }
.nomoat-table th { white-space: nowrap; font-size: 12.5px; }
.nomoat-choice { display: block; margin: 8px 0 4px; font-size: 12px; min-width: 120px; flex: 1; }
.nomoat-choice span { display: block; overflow-wrap: anywhere; }
.nomoat-choice select {
  width: 100%; font-size: 15px; padding: 4px 2px; color: inherit; background: transparent;
  border-bottom: 1px solid rgba(128,128,128,.8); appearance: auto;
}
.nomoat-choice option { color: #222A35; background: #FFFFFF; }
.nomoat-go:not(.v-btn--disabled) { background: #0B5CAD !important; color: #FFFFFF !important; }
.nomoat-main .v-btn, .nomoat-side .v-btn, .nomoat-main .v-tab {
  text-transform: none; letter-spacing: 0;
}
.nomoat-wrap { overflow-x: auto; }
.nomoat-wrap:focus-visible, .nomoat-main .v-tab:focus-visible, .nomoat-page button:focus-visible,
.nomoat-page summary:focus-visible, .nomoat-choice select:focus-visible {
  outline: 2px solid #0072B2; outline-offset: 2px;
}
.theme--light.v-application .nomoat-page .v-label { color: #4A5361; }
.theme--dark.v-application .nomoat-page .v-label { color: #C2CAD6; }
.theme--light .nomoat-page .v-tab:not(.v-tab--active) { color: #4A5361 !important; }
.theme--dark .nomoat-page .v-tab:not(.v-tab--active) { color: #C2CAD6 !important; }
"""


@solara.component_vue("theme.vue")
def _ThemeButton(dark: bool, on_dark: Callable[[bool], None]) -> None:
    pass


@dataclass(frozen=True)
class Look:
    """Light or dark: as the browser prefers until somebody chooses."""

    dark: bool
    on_dark: Callable[[bool], None]

    @property
    def theme(self) -> Theme:
        """Colours of charts."""
        return DARK if self.dark else LIGHT


@solara.component
def Brand(look: Look) -> None:
    """Name of the page, and the button for light and dark."""
    with v.Html(tag="div", class_="nomoat-brand"):
        v.Html(tag="h1", children=["nomoat"])
        _ThemeButton(dark=look.dark, on_dark=look.on_dark)
