"""The market in Mesa's own page: `solara run app/browser/mesa_page.py`, as Mesa's users expect.

An unmodified `SolaraViz` with our charts as components and sliders made from the declarations of
the parameters. Our own page (`nomoat ui`) does more.
"""

import math
from typing import Any, Final

import solara
import solara.lab
from mesa.visualization import SolaraViz
from mesa.visualization.utils import update_counter

from app.browser import charts, firm_charts
from app.browser.charts import DARK, LIGHT, Option, Theme
from app.browser.frame import Frame, frame_of
from sim.catalogue import catalogue
from sim.loading import load
from sim.market import Market

SLIDERS: Final = (
    "choice.risk_weight", "choice.theta", "choice.control_taste", "capability.imitation",
    "pricing.share_weight", "host.markup", "environment.gpu_price_scale",
)  # fmt: skip
HEIGHT: Final = 340


def model_params() -> dict[str, Any]:
    """Sliders of Mesa's page, from the declarations: the plausible range, else half to double."""
    known = {info.path: info for info in catalogue()}
    found: dict[str, Any] = {
        "rng": {"type": "InputText", "value": 1, "label": "seed"},
        "enterprise.population": {
            "type": "SliderInt", "value": 500, "label": "enterprises", "min": 100, "max": 5000,
            "step": 100,
        },
    }  # fmt: skip
    for path in SLIDERS:
        info = known[path]
        default = float(info.default)  # type: ignore[arg-type]
        low, high, step = around(default, info.plausible or (default / 2, default * 2))
        found[path] = {
            "type": "SliderFloat", "value": default,
            "label": path.rpartition(".")[2].replace("_", " "),
            "min": low, "max": high, "step": step,
        }  # fmt: skip
    return found


def around(default: float, span: tuple[float, float]) -> tuple[float, float, float]:
    """Bounds and step of a slider over a span, with the default on one of its steps."""
    low, high = min(span[0], default), max(span[1], default)
    step = 10.0 ** math.floor(math.log10((high - low) / 20))
    below, above = math.ceil((default - low) / step), math.ceil((high - default) / step)
    return round(default - below * step, 9), round(default + above * step, 9), step


def component(chart: Any) -> Any:
    """A component of Mesa's page that draws one of our charts."""

    @solara.component
    def Drawn(model: Market) -> None:
        update_counter.get()
        theme: Theme = DARK if solara.lab.use_dark_effective() else LIGHT
        frame: Frame = frame_of(model, 0)
        if frame.month < 0:
            solara.Text("press Step or Play")
            return
        option: Option = chart(frame, theme)
        solara.FigureEcharts(
            option, responsive=True, attributes={"style": f"height:{HEIGHT}px;width:100%"}
        )

    return Drawn


COMPONENTS: Final = [
    *((component(chart), 0) for chart in charts.MARKET),
    (component(firm_charts.map_chart), 1),
    (component(firm_charts.segment_chart), 2),
    (component(charts.event_chart), 2),
]


def begin() -> Market:
    """A market small enough to play."""
    return Market(load("baseline", {"enterprise.population": 500}))


@solara.component
def Page() -> None:
    """Mesa's page over a market of this session alone."""
    model = solara.use_memo(begin, [])
    parameters = solara.use_memo(model_params, [])
    SolaraViz(
        model, components=COMPONENTS, model_params=parameters, name="nomoat", play_interval=200
    )
