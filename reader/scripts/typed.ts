// Keeps what was typed into a form that is sent. Where the handbook asks first
// for a sign-in, perhaps in another tab, or refuses the form on a page of its own,
// it stands in the form again afterwards; where it does not, the next page forgets
// it.

interface Typed {
  action: string;
  values: [name: string, value: string][];
  at: number;
  back: boolean; // it is to stand in its form again
}

const key = "typed";
const minutes = 15;

/** Tells whether this page came instead of the form's own answer. */
function instead(): boolean {
  return location.pathname === "/account/confirm" || document.querySelector("[data-fault]") !== null;
}

/** Has this page keep, or give back, what was typed. */
export function keepTyped(): void {
  const typed = kept();
  if (typed && instead()) {
    keep({ ...typed, back: true });
  } else if (!typed?.back || fill(typed)) {
    forget();
  }
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const action = form.getAttribute("action"); // not form.action, which may be a field
    const values = fields(form).map((field): [string, string] => [field.name, field.value]);
    if (action === "/signout") {
      forget();
    } else if (action && !action.startsWith("/signin") && form.getAttribute("method") === "post" && values.length > 0) {
      keep({ action, values, at: Date.now(), back: false });
    }
  });
}

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** What of a form is typed or chosen. Secrets and codes stay out of it. */
function fields(form: HTMLFormElement): Field[] {
  return [...form.querySelectorAll<Field>("select[name], textarea[name], input[name]")].filter(
    (field) => ["select-one", "textarea", "text", "email", "date", "number"].includes(field.type) && field.autocomplete !== "one-time-code",
  );
}

/** Puts what was typed into its form, and tells whether that is here. */
function fill(typed: Typed): boolean {
  const form = [...document.forms].find((f) => f.getAttribute("action") === typed.action);
  if (!form) {
    return false;
  }
  const values = new Map(typed.values);
  for (const field of fields(form)) {
    field.value = values.get(field.name) ?? field.value;
  }
  form.closest("details")?.setAttribute("open", "");
  return true;
}

function forget(): void {
  try {
    localStorage.removeItem(key);
  } catch { // forbidden: then nothing is kept
  }
}

function keep(typed: Typed): void {
  try {
    localStorage.setItem(key, JSON.stringify(typed));
  } catch { // full, or forbidden: then it is typed once more
  }
}

function kept(): Typed | undefined {
  try {
    const typed = JSON.parse(localStorage.getItem(key) ?? "null") as Typed | null;
    return typed && Date.now() - typed.at < minutes * 60_000 ? typed : undefined;
  } catch {
    return undefined;
  }
}
