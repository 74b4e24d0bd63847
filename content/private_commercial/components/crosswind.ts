// <m-crosswind> takes a wind apart along and across a runway. All directions
// are magnetic, as a tower gives them.

interface Props {
  runway: number; // its number, 1 to 36
  from: number; // degrees that the wind blows from
  speed: number; // knots
}

interface Quantity {
  label: string;
  unit: string;
  min: number;
  max: number;
  step: number;
}

const quantities: Record<keyof Props, Quantity> = {
  runway: { label: "Runway", unit: "number", min: 1, max: 36, step: 1 },
  from: { label: "Wind from", unit: "degrees magnetic", min: 0, max: 360, step: 10 },
  speed: { label: "Wind speed", unit: "knots", min: 0, max: 60, step: 1 },
};

const names = Object.keys(quantities) as (keyof Props)[];

class Crosswind extends HTMLElement {
  connectedCallback(): void {
    if (this.querySelector("form")) {
      return; // moved within the page
    }
    const start = JSON.parse(this.dataset.props ?? "{}") as Props;
    const now: Props = { ...start };
    const form = document.createElement("form");
    const result = document.createElement("p");
    result.setAttribute("role", "status"); // polite
    const tell = () => (result.textContent = refusal(now) ?? answer(now));
    const resets: (() => void)[] = [];
    for (const name of names) {
      const { box, show } = control(quantities[name], (value) => {
        now[name] = value;
        tell();
      });
      form.append(box);
      resets.push(() => show((now[name] = start[name])));
    }
    const reset = document.createElement("button");
    reset.type = "button";
    reset.className = "quiet";
    reset.textContent = "Start again";
    reset.addEventListener("click", () => {
      resets.forEach((undo) => undo());
      tell();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.append(result, reset);
    resets.forEach((undo) => undo());
    tell();
    this.append(form);
  }
}

/** A slider with a typed twin: either changes the other as far as it can show it. */
function control(q: Quantity, change: (value: number) => void): { box: HTMLElement; show: (value: number) => void } {
  const box = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = `${q.label}, ${q.unit}`;
  const inputs = ["range", "number"].map((type) => {
    const input = document.createElement("input");
    Object.assign(input, { type, min: `${q.min}`, max: `${q.max}`, step: `${type === "range" ? q.step : 1}` });
    input.setAttribute("aria-label", `${q.label}, ${q.unit}, ${type === "range" ? "slider" : "typed"}`);
    return input;
  });
  const show = (value: number, except?: HTMLInputElement) => {
    inputs.filter((input) => input !== except).forEach((input) => (input.value = `${value}`));
    inputs.forEach((input) => input.setAttribute("aria-invalid", "false"));
  };
  for (const input of inputs) {
    input.addEventListener("input", () => {
      const value = input.valueAsNumber;
      if (counts(q, value)) {
        show(value, input);
      } else {
        input.setAttribute("aria-invalid", "true");
      }
      change(value);
    });
  }
  box.append(legend, ...inputs);
  return { box, show: (value) => show(value) };
}

function counts(q: Quantity, value: number): boolean {
  return value >= q.min && value <= q.max;
}

/** What is to be entered instead, if a number does not count. */
function refusal(now: Props): string | undefined {
  const wrong = names.find((name) => !counts(quantities[name], now[name]));
  return wrong && `Please enter ${quantities[wrong].min} to ${quantities[wrong].max} for “${quantities[wrong].label}”.`;
}

/** What the wind does on the runway, in words. */
function answer({ runway, from, speed }: Props): string {
  const angle = ((from - runway * 10) * Math.PI) / 180;
  const along = speed * Math.cos(angle);
  const across = speed * Math.sin(angle);
  const head = `${along < -0.05 ? "Tailwind" : "Headwind"} ${Math.abs(along).toFixed(1)} knots`;
  const side = Math.abs(across) < 0.05 ? "" : across > 0 ? " from the right" : " from the left";
  return `${head}, crosswind ${Math.abs(across).toFixed(1)} knots${side}.`;
}

customElements.define("m-crosswind", Crosswind);
